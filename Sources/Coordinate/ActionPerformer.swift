import Assemble
import Discover
import Logging
import Supervise
import Wire

/// Does what `Discovery` decides, in its order: a process is described to the assembler before it is selected, and
/// asked about once more only when the kernel side really traces it.
struct ActionPerformer: Sendable {
    /// What came of a question.
    enum Answer: Sendable {
        case page(ScanReply)
        case scanFailed(AskError)
        case described(ProcessDescription)
        case describeFailed(UInt32, AskError)
        /// So many processes found no room in the kernel.
        case full(UInt32)
        /// A change of who is traced did not reach the kernel.
        case selectFailed(AskError, [SelectRequest.Change])
        case notice(DiscoveryNotice)
        /// Everything that was asked for so far was done or is being asked.
        case traced(UInt32, service: String)
        case forgotten(UInt32)
    }

    let inspector: Helper
    let reader: Helper
    let tracer: Tracer
    let onAnswer: @Sendable (Answer) -> Void

    /// Runs until the stream of actions ends.
    func run(_ actions: AsyncStream<[DiscoveryAction]>) async {
        await withDiscardingTaskGroup { questions in
            for await batch in actions {
                var changes: [SelectRequest.Change] = []
                for action in batch {
                    if let change = action.change {
                        changes.append(change)
                        continue
                    }
                    await select(&changes)
                    perform(action, in: &questions)
                }
                await select(&changes)
            }
        }
    }

    private func perform(_ action: DiscoveryAction, in questions: inout DiscardingTaskGroup) {
        switch action {
        case .scan(let request): questions.addTask { await scan(request) }
        case .describe(let request): questions.addTask { await describe(request) }
        case .programChanged(let pid): tracer.programChanged(pid)
        case .setResource(let pid, let attributes):
            let resource = Resource(attributes.map { ($0.name, AttributeValue($0.value)) })
            tracer.describe(pid, as: resource)
            if case .string(let service)? = resource["service.name"] { onAnswer(.traced(pid, service: service)) }
        case .forget(let pid):
            tracer.forget(pid)
            onAnswer(.forgotten(pid))
        case .disown(let pid):
            tracer.disown(pid)
            onAnswer(.forgotten(pid))
        case .notice(let notice): onAnswer(.notice(notice))
        case .select, .deselect: break
        }
    }

    /// Waits for the answer: what follows relies on it.
    private func select(_ changes: inout [SelectRequest.Change]) async {
        while !changes.isEmpty {
            let part = Array(changes.prefix(SelectRequest.mostChanges))
            changes.removeFirst(part.count)
            do throws(AskError) {
                let reply = try await reader.ask(SelectRequest(part))
                if reply.full > 0 { onAnswer(.full(reply.full)) }
            } catch {
                onAnswer(.selectFailed(error, part))
            }
        }
    }

    private func scan(_ request: ScanRequest) async {
        do throws(AskError) {
            onAnswer(.page(try await inspector.ask(request)))
        } catch {
            onAnswer(.scanFailed(error))
        }
    }

    private func describe(_ request: DescribeRequest) async {
        do throws(AskError) {
            onAnswer(.described(try await inspector.ask(request)))
        } catch {
            onAnswer(.describeFailed(request.pid, error))
        }
    }
}

extension DiscoveryAction {
    /// What it changes in the kernel's map of traced processes.
    fileprivate var change: SelectRequest.Change? {
        switch self {
        case .select(let pid): SelectRequest.Change(tgid: pid, action: .add)
        case .deselect(let pid): SelectRequest.Change(tgid: pid, action: .remove)
        case .scan, .describe, .programChanged, .setResource, .forget, .disown, .notice: nil
        }
    }

    /// Whether it is answered by the process-inspector.
    var isQuestion: Bool {
        switch self {
        case .scan, .describe: true
        case .select, .deselect, .programChanged, .setResource, .forget, .disown, .notice: false
        }
    }
}

extension AttributeValue {
    init(_ value: ResourceAttribute.Value) {
        self =
            switch value {
            case .string(let text): .string(text)
            case .integer(let number): .int(number)
            }
    }
}
