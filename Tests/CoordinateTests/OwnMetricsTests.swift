import BPFABI
import Coordinate
import Export
import LinuxSys
import OTLP
import Supervise
import Testing
import Wire

@Suite struct OwnMetricsTests {
    private func hello(_ probed: [Fact]) -> Hello {
        Hello(abiVersion: 0, helper: .tcAttacher, capabilities: Capabilities(), probed: probed)
    }

    private func point(_ name: String, _ attributes: [String: String], _ metrics: [Metric]) -> UInt64? {
        metrics.first { $0.name == name }?.points.first { $0.attributes == attributes }?.value
    }

    @Test func everySeriesIsThereOnce() {
        var own = OwnMetrics()
        own.sinks = [("otlp", ExportCounts()), ("printed", ExportCounts())]
        own.starts = ["hilo-event-reader": 0, "hilo-process-inspector": 0]
        (own.passesOn, own.mode) = (true, PropagationMode(.all, hello([])))
        let metrics = own.metrics
        #expect(Set(metrics.map(\.name)).count == metrics.count)
        for metric in metrics {
            #expect(!metric.points.isEmpty, "\(metric.name)")
            #expect(Set(metric.points.map(\.attributes)).count == metric.points.count, "\(metric.name)")
        }
    }

    @Test func valuesComeWhereTheyBelong() {
        var own = OwnMetrics()
        own.kernel = counters([
            (HILO_COUNT_ATTEMPTED, 10), (HILO_COUNT_RING_FULL, 2), (HILO_COUNT_HEADER_WRITTEN, 3),
            (HILO_COUNT_UNSAMPLED, 7),
        ])
        own.records.rejected = 1
        own.records.assembler.unsampled = 1
        own.records.assembler.spans = 4
        own.processes = 5
        own.starts = ["hilo-tc-attacher": 6]
        own.passesOn = true
        #expect(point("hilo.propagation.events", ["hilo.outcome": "headers_written"], own.metrics) == 3)
        #expect(own.metrics.first { $0.name == "hilo.propagation.mode" }?.points.isEmpty == true)
        own.mode = PropagationMode(.headers, hello([]))
        let metrics = own.metrics
        #expect(point("hilo.records", [:], metrics) == 10)
        #expect(point("hilo.losses", ["hilo.reason": "ring_full"], metrics) == 2)
        #expect(point("hilo.propagation.events", ["hilo.outcome": "headers_written"], metrics) == 3)
        #expect(point("hilo.exchanges", ["hilo.outcome": "rejected"], metrics) == 1)
        #expect(point("hilo.exchanges", ["hilo.outcome": "span"], metrics) == 4)
        #expect(point("hilo.exchanges", ["hilo.outcome": "unsampled"], metrics) == 8)
        #expect(point("hilo.processes", [:], metrics) == 5)
        #expect(point("hilo.helper.starts", ["hilo.helper": "hilo-tc-attacher"], metrics) == 6)
    }

    /// What greets as an event-reader may have fallen.
    @Test func countsNeedNotMakeSense() {
        var own = OwnMetrics()
        own.kernel = counters([(HILO_COUNT_UNSAMPLED, .max)])
        own.records.assembler.unsampled = 1
        #expect(!own.metrics.isEmpty)
    }

    /// A helper's words become none of ours: what it says is no attribute.
    @Test func theModeHasFewValues() {
        let later = Fact(Fact.laterRequests, "\(Fact.inHeader), watching what arrives")
        let option = Fact(Fact.laterRequests, "by the TCP option only")
        let withheld = Fact(Fact.headersWithheld, "whatever")
        let all = PropagationMode(.all, hello([later]))
        #expect(all.headers == .written && all.laterRequests == .header && all.hasOption)
        #expect(PropagationMode(.all, hello([option])).laterRequests == .option)
        #expect(PropagationMode(.headers, hello([option])).laterRequests == .nothing)
        let damaging = PropagationMode(.all, hello([later, withheld]))
        #expect(damaging.headers == .withheld && damaging.laterRequests == .option)
        let tcp = PropagationMode(.tcp, hello([]))
        #expect(tcp.headers == .notAsked && tcp.laterRequests == .option)
    }
}
