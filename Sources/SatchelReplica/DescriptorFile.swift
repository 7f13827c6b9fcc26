#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Whole reads and writes on a file descriptor: short counts and interruptions are gone on with.
enum DescriptorFile {
    /// - Returns: how many bytes were written; fewer than asked for when the system refused the rest (see `errno`).
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
        var count = 0
        while count < bytes.count, let base = bytes.baseAddress {
            #if canImport(Glibc)
                let put = Glibc.write(descriptor, base + count, bytes.count - count)
            #else
                let put = Darwin.write(descriptor, base + count, bytes.count - count)
            #endif
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { break }
            count += put
        }
        return count
    }

    /// - Returns: how many bytes were read; fewer than asked for at the end of the file; nil when the system refused.
    static func read(into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32) -> Int? {
        var count = 0
        while count < buffer.count, let base = buffer.baseAddress {
            #if canImport(Glibc)
                let got = Glibc.read(descriptor, base + count, buffer.count - count)
            #else
                let got = Darwin.read(descriptor, base + count, buffer.count - count)
            #endif
            if got < 0, errno == EINTR { continue }
            if got < 0 { return nil }
            if got == 0 { break }
            count += got
        }
        return count
    }
}
