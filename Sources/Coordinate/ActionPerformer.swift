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
    let backlog: Backlog
    let onAnswer: @Sendable (Answer) -> Void

    /// Runs until no more actions will come.
    func run(_ actions: Outbox<DiscoveryAction>) async {
        await withDiscardingTaskGroup { questions in
            while let decided = await actions.next() {
                var order = ActionOrder(decided)
                while let step = order.next() {
                    switch step {
                    case .perform(let action):
                        perform(action, in: &questions)
                        backlog.remove(1)
                    case .select(let changes):
                        await select(changes)
                        backlog.remove(changes.count)
                    }
                }
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

    private func select(_ changes: [SelectRequest.Change]) async {
        do throws(AskError) {
            let reply = try await reader.ask(SelectRequest(changes))
            if reply.full > 0 { onAnswer(.full(reply.full)) }
        } catch {
            onAnswer(.selectFailed(error, changes))
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

extension AttributeValue {
    init(_ value: ResourceAttribute.Value) {
        self =
            switch value {
            case .string(let text): .string(text)
            case .integer(let number): .int(number)
            }
    }
}
