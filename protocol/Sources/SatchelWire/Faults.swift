import SatchelProtocol

extension SatchelError {
    /// What was sent contradicts itself or the specification.
    static func malformed(_ message: String) -> SatchelError {
        SatchelError(
            .malformed, message,
            remedy: "Report it as a fault of the program that sent it; a repeat fails alike.")
    }

    static func tooLarge(_ message: String) -> SatchelError {
        SatchelError(
            .tooLarge, message, remedy: "Send it in smaller parts, within the limits of SPEC.md.")
    }

    static func upgradeClient(_ message: String) -> SatchelError {
        SatchelError(
            .upgradeClient, message, remedy: "Install a newer version of the client; pending work stays.")
    }
}
