import SatchelProtocol

extension Satchel_V1_Failure {
    init(_ failure: Failure) {
        self.init()
        code = failure.code.rawValue
        message = failure.message
        switch failure.action {
        case .retryAfter(let seconds):
            action = .retryAfter
            self.seconds = UInt32(clamping: seconds)
        case .resumeFrom(let counter):
            action = .resumeFrom
            self.counter = counter
        case .pullAnew: action = .pullAnew
        case .authenticate: action = .authenticate
        case .enrol: action = .enrol
        case .upgradeClient: action = .upgradeClient
        case .giveUp: action = .giveUp
        }
    }

    func decoded() throws(SatchelError) -> Failure {
        let known: Failure.Action
        switch action {
        case .unspecified: throw .malformed("A failure does not say what to do.")
        case .retryAfter: known = .retryAfter(seconds: Int(seconds))
        case .resumeFrom: known = .resumeFrom(counter: counter)
        case .pullAnew: known = .pullAnew
        case .authenticate: known = .authenticate
        case .enrol: known = .enrol
        case .giveUp: known = .giveUp
        // An action of a newer server: its code and message shall reach the user all the same.
        case .upgradeClient, .UNRECOGNIZED: known = .upgradeClient
        }
        return Failure(code: ErrorCode(rawValue: code), message: message, action: known)
    }
}

extension Failure: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        try Serialisation.bytes(Satchel_V1_Failure(self), "A failure")
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_Failure = try Serialisation.message(wireBytes, "A failure")
        self = try message.decoded()
    }
}
