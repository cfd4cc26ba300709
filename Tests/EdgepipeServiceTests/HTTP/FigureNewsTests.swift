import EdgepipeCore
import Testing

@testable import EdgepipeService

@Suite("Figures for a page")
struct FigureNewsTests {
  private func status(_ name: String, fps: Double?) -> PipelineStatus {
    var status = PipelineStatus(name: name, file: "f", since: WallTime(nanoseconds: 0))
    if let fps {
      status.figures = [
        "event": .string("figures"), "elapsed_s": .double(fps), "fps": .double(fps), "stages": .list([]),
      ]
    }
    return status
  }

  private func told(_ value: ReportValue?) -> [String]? {
    guard case .object(let members)? = value, case .list(let list)? = members["pipelines"] else { return nil }
    return list.compactMap {
      if case .object(let one) = $0, case .string(let name)? = one["name"] { name } else { nil }
    }
  }

  @Test("given pipelines, when looked at each second, then all come first, then those that have changed, then nothing")
  func changes() {
    var news = FigureNews(), now = ContinuousClock.now
    func next(_ statuses: [PipelineStatus]) -> ReportValue? {
      defer { now += .seconds(1) }
      return news.next({ statuses }, now: now)
    }
    #expect(told(next([status("a", fps: 1), status("b", fps: nil)])) == ["a", "b"])
    #expect(told(next([status("a", fps: 2), status("b", fps: nil)])) == ["a"])
    #expect(next([status("a", fps: 2), status("b", fps: nil)]) == nil)
    let gone = next([status("a", fps: 2)])
    #expect(told(gone) == [])
    guard case .object(let members)? = gone else { return #expect(Bool(false)) }
    #expect(members["names"] == .list([.string("a")]), "one that is gone is in the list no more")
  }

  @Test("given less than a second since the last figures, when asked, then nobody is even looked at")
  func pace() {
    var news = FigureNews(), now = ContinuousClock.now, looks = 0
    for _ in 0..<20 {
      _ = news.next(
        {
          looks += 1; return []
        }, now: now)
      now += .milliseconds(100)
    }
    #expect(looks == 2)
  }
}
