/// The program's arguments as they were given. `CommandLine.arguments` has them with a replacement character for every byte that
/// is not UTF-8, which would be stored as if someone had typed it.
package enum ArgumentBytes {
    /// - Returns: a usage error that names the first argument that is not UTF-8; nil when all are.
    package static func fault() -> SatchelError? {
        for number in 1..<max(Int(CommandLine.argc), 1) {
            guard let bytes = CommandLine.unsafeArgv[number], String(validatingCString: bytes) == nil else { continue }
            return SatchelError(
                .usage, "Argument \(number) is not UTF-8 text.",
                remedy: "Set the terminal to UTF-8 and type it anew; bytes of another kind go into a blob field, as base64.")
        }
        return nil
    }
}
