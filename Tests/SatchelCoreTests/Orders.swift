import SatchelCore

/// How many operations of each replica a writer had seen.
typealias Clock = [Int]

/// Every causal order of a few replicas with a few operations each: which of the others' operations each had seen.
enum Orders {
    static let threeReplicas = all(replicas: 3, operations: 2)
    static let threeReplicasUpToRenaming = upToRenaming(threeReplicas)
    static let twoReplicas = all(replicas: 2, operations: 3)
    static let twoReplicasUpToRenaming = upToRenaming(twoReplicas)

    /// As pasts by replica and operation: every choice that is monotonic within a replica, transitive and acyclic.
    static func all(replicas: Int, operations: Int) -> [[[Clock]]] {
        var found: [[[Clock]]] = []
        let none = [[Clock]](repeating: [], count: replicas)
        let clocks = clocks(replicas, upTo: operations)
        func extend(_ pasts: [[Clock]]) {
            guard let replica = pasts.firstIndex(where: { $0.count < operations }) else {
                if isCausal(pasts) { found.append(pasts) }
                return
            }
            for past in clocks where past[replica] == pasts[replica].count {
                guard pasts[replica].last.map({ zip($0, past).allSatisfy(<=) }) ?? true else { continue }
                var longer = pasts
                longer[replica].append(past)
                extend(longer)
            }
        }
        extend(none)
        return found
    }

    /// One of each class of orders that are alike but for the names of the replicas.
    static func upToRenaming(_ orders: [[[Clock]]]) -> [[[Clock]]] {
        let renamings = permutations(Array((orders.first ?? []).indices))
        return orders.filter { pasts in
            let own = pasts.flatMap { $0 }.flatMap { $0 }
            return renamings.allSatisfy { names in
                let renamed = names.flatMap { replica in pasts[replica].flatMap { past in names.map { past[$0] } } }
                return !renamed.lexicographicallyPrecedes(own)
            }
        }
    }

    /// Seen is seen with all that it had seen, and nothing had seen itself.
    private static func isCausal(_ pasts: [[Clock]]) -> Bool {
        for (replica, own) in pasts.enumerated() {
            for (place, past) in own.enumerated() {
                for (other, count) in past.enumerated() where count > 0 {
                    let seen = pasts[other][count - 1]
                    if !zip(seen, past).allSatisfy(<=) || seen[replica] > place { return false }
                }
            }
        }
        return true
    }

    private static func clocks(_ replicas: Int, upTo operations: Int) -> [Clock] {
        (0..<replicas).reduce([[]]) { clocks, _ in clocks.flatMap { clock in (0...operations).map { clock + [$0] } } }
    }

    private static func permutations(_ items: [Int]) -> [[Int]] {
        guard let first = items.first else { return [[]] }
        return permutations(Array(items.dropFirst())).flatMap { rest in
            (0...rest.count).map { Array(rest[..<$0]) + [first] + Array(rest[$0...]) }
        }
    }
}

extension History {
    /// Gives an order its operations. `kind` and `time` are asked for each by its running number.
    init(pasts: [[Clock]], kind: (Int) -> Operation.Kind, time: (Int, Operation) -> HLC) {
        var running = 0
        operations = pasts.enumerated().map { replica, own in
            own.enumerated().map { place, past in
                let kind = kind(running)
                var operation = Operation(
                    replica: replica, number: place + 1, kind: kind, fields: kind == .delete ? [] : [0],
                    past: Self.operations(past), time: .zero
                )
                operation.time = time(running, operation)
                running += 1
                return operation
            }
        }
    }

    private static func operations(_ clock: Clock) -> Operations {
        clock.enumerated().reduce(0) { $0 | ((1 << UInt64($1.element)) - 1) << UInt64($1.offset * Operation.most) }
    }
}
