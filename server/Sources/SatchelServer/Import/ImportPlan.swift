import Foundation
import SatchelFiles
import SatchelProtocol

/// A mapping bound to the tables and the files that it names: every column is a place, and every name is known to exist.
struct ImportPlan {
    /// A column of the entry's own file (source 0) or of the n-th join's kept columns (source n).
    struct Column: Hashable {
        let source: Int
        let slot: Int
    }

    struct Template {
        enum Part {
            case text(String)
            case column(Column, name: String)
        }

        let parts: [Part]
    }

    struct Join {
        let file: String
        let path: String
        let left: [Column]
        /// Indexes of the joined file's columns: the key, and those that the entry uses.
        let key: [Int]
        var kept: [Int]
    }

    struct Entry {
        let file: String
        let path: String
        var joins: [Join]
        let conditions: [(column: Column, text: String)]
        let group: ImportBatch.Group
        let id: Template
        let values: [Template]
    }

    /// In the order to read them.
    let entries: [Entry]

    /// - Parameter folder: where relative names of files are looked for.
    /// - Throws: `FileProblems` for what the mapping names and is not there, `SatchelError` for files that cannot be read.
    init(_ mapping: ImportMapping, catalogue: ImportCatalogue, folder: String) throws {
        var binder = ImportBinder(mapping: mapping, catalogue: catalogue, folder: folder)
        let entries = mapping.entries.compactMap { binder.bind($0) }
        if !binder.problems.isEmpty { throw FileProblems(binder.problems.sorted { $0.line < $1.line }) }
        self.entries = ImportOrder.sorted(entries, catalogue: catalogue)
    }
}

/// Resolves names, collecting everything that is wrong.
private struct ImportBinder {
    let mapping: ImportMapping
    let catalogue: ImportCatalogue
    let folder: String
    var problems: [FileProblem] = []
    private var headers: [String: CSVTable?] = [:]

    init(mapping: ImportMapping, catalogue: ImportCatalogue, folder: String) {
        self.mapping = mapping
        self.catalogue = catalogue
        self.folder = folder
    }

    mutating func bind(_ entry: ImportMapping.Entry) -> ImportPlan.Entry? {
        let table = table(entry)
        for rule in entry.fields { check(rule, table) }
        guard let main = header(entry.file, entry.line) else { return nil }
        var scope = ImportScope(main: main)
        for join in entry.joins {
            guard let joined = header(join.file, join.line) else { return nil }
            bind(join, joined, &scope)
        }
        let conditions = entry.conditions.compactMap { condition in
            column(condition.column, condition.line, &scope).map { (column: $0, text: condition.text) }
        }
        let id = template(entry.id, &scope)
        let values = entry.fields.map { template($0.value, &scope) }
        return ImportPlan.Entry(
            file: entry.file, path: path(entry.file), joins: scope.joins.map(\.plan), conditions: conditions,
            group: ImportBatch.Group(table: entry.table, fields: entry.fields.map(\.field)), id: id, values: values)
    }

    private mutating func table(_ entry: ImportMapping.Entry) -> ImportCatalogue.Table? {
        if let table = catalogue.table(entry.table) { return table }
        add(
            entry.tableLine, .unknownTable, "There is no table \(quoted(entry.table)).",
            "The tables are \(listed(catalogue.tables.map(\.name))).")
        return nil
    }

    private mutating func check(_ rule: ImportMapping.FieldRule, _ table: ImportCatalogue.Table?) {
        guard let table, table.field(rule.field) == nil else { return }
        add(
            rule.line, .unknownField, "The table \(table.name) has no field \(quoted(rule.field)).",
            "Its fields are \(listed(table.fields.map(\.name))).")
    }

    private mutating func bind(_ join: ImportMapping.Join, _ joined: CSVTable, _ scope: inout ImportScope) {
        var left: [ImportPlan.Column] = []
        var key: [Int] = []
        for pair in join.on {
            if let column = column(pair.left, pair.line, &scope) { left.append(column) }
            if let index = joined.index(of: pair.right) {
                key.append(index)
            } else {
                add(ImportScope.Missing(pair.right, in: joined), pair.line)
            }
        }
        scope.joins.append(
            ImportScope.Join(
                alias: join.alias, table: joined,
                plan: ImportPlan.Join(file: join.file, path: path(join.file), left: left, key: key, kept: [])))
    }

    private mutating func template(_ template: ImportTemplate, _ scope: inout ImportScope) -> ImportPlan.Template {
        var parts: [ImportPlan.Template.Part] = []
        for part in template.parts {
            switch part {
            case .text(let text): parts.append(.text(text))
            case .column(let name):
                if let column = column(name, template.line, &scope) { parts.append(.column(column, name: name)) }
            }
        }
        return ImportPlan.Template(parts: parts)
    }

    private mutating func column(_ name: String, _ line: Int, _ scope: inout ImportScope) -> ImportPlan.Column? {
        switch scope.find(name) {
        case .success(let column): return column
        case .failure(let missing):
            add(missing, line)
            return nil
        }
    }

    private mutating func add(_ missing: ImportScope.Missing, _ line: Int) {
        add(
            line, .fileInvalid, "The file \(missing.file) has no column \(quoted(missing.column)).",
            "Its columns are \(listed(missing.columns)); a column of a joined file is written as alias.column.")
    }

    /// Opens a file once to read its header.
    private mutating func header(_ file: String, _ line: Int) -> CSVTable? {
        if let known = headers[file] { return known }
        do {
            let table = try CSVTable(name: file, path: path(file))
            headers[file] = .some(table)
            return table
        } catch {
            headers[file] = .some(nil)
            let error = error as? SatchelError
            add(
                line, .fileInvalid, error?.message ?? "The file \(file) cannot be read.",
                error?.remedy ?? "Check that it may be read.")
            return nil
        }
    }

    private func path(_ file: String) -> String {
        file.hasPrefix("/") ? file : URL(fileURLWithPath: folder).appendingPathComponent(file).path
    }

    private mutating func add(_ line: Int, _ code: ErrorCode, _ message: String, _ remedy: String) {
        problems.append(FileProblem(file: mapping.name, line: line, code: code, message: message, remedy: remedy))
    }

    private func listed(_ names: [String]) -> String {
        names.prefix(40).joined(separator: ", ") + (names.count > 40 ? " …" : "")
    }
}

/// The columns that one entry can name: its own file's, and those of the joins so far.
private struct ImportScope {
    struct Join {
        let alias: String
        let table: CSVTable
        var plan: ImportPlan.Join
    }

    struct Missing: Error {
        let column: String
        let file: String
        let columns: [String]

        init(_ column: String, in table: CSVTable) {
            self.column = column
            file = table.name
            columns = table.columns
        }
    }

    let main: CSVTable
    var joins: [Join] = []

    init(main: CSVTable) { self.main = main }

    mutating func find(_ name: String) -> Result<ImportPlan.Column, Missing> {
        if let slot = main.index(of: name) { return .success(ImportPlan.Column(source: 0, slot: slot)) }
        guard let dot = name.firstIndex(of: "."), let join = joins.firstIndex(where: { $0.alias == name[..<dot] }) else {
            return .failure(Missing(name, in: main))
        }
        let column = String(name[name.index(after: dot)...])
        guard let index = joins[join].table.index(of: column) else {
            return .failure(Missing(column, in: joins[join].table))
        }
        let slot = joins[join].plan.kept.firstIndex(of: index) ?? joins[join].plan.kept.count
        if slot == joins[join].plan.kept.count { joins[join].plan.kept.append(index) }
        return .success(ImportPlan.Column(source: join + 1, slot: slot))
    }
}
