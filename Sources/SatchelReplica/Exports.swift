// An app imports this one module: the words of its public interface come with it, and GRDB, whose `Database` reads and writes
// are made with. One by one, so that words such as `Cursor`, which GRDB has too, stay GRDB's. `Schema` and `Field` are in
// SatchelPolicy, whose `Table` would stand beside GRDB's: who needs the schema itself imports that room.
@_exported import GRDB
@_exported import SatchelCore
@_exported import struct SatchelEngine.Difference
@_exported import struct SatchelEngine.RowChange
@_exported import struct SatchelProtocol.CellWrite
@_exported import struct SatchelProtocol.ClockReading
@_exported import struct SatchelProtocol.ErrorCode
@_exported import enum SatchelProtocol.Limits
@_exported import enum SatchelProtocol.Operation
@_exported import struct SatchelProtocol.RefusalID
@_exported import struct SatchelProtocol.SatchelError
