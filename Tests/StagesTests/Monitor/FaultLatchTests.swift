import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Stages

@Suite("Faults made of signs")
struct FaultLatchTests {
  private enum Kind: String, Hashable, Sendable { case a, b }
  private typealias Latch = FaultLatch<Kind>

  private func at(_ seconds: Double) -> Moment {
    Moment(time: MediaTime(seconds: seconds), wall: WallTime(nanoseconds: Int64(seconds * 1e9)))
  }

  private func latch(hold: Int64 = 8, clear: Int64 = 5) -> Latch {
    Latch(hold: hold * 1_000_000_000, clear: clear * 1_000_000_000)
  }

  /// One sign a second from 0 on: `a`, `b`, `.` well, `?` unclear. Told as `a+3` for a beginning at 3 s, `a-9` for its end,
  /// after the second in which it was told.
  private func told(_ signs: String, _ latch: Latch? = nil) -> [String] {
    var latch = latch ?? self.latch(), told: [String] = []
    for (second, sign) in signs.enumerated() {
      let changes: [Latch.Change] =
        switch sign {
        case "a": latch.take(.bad(.a), at: at(Double(second)))
        case "b": latch.take(.bad(.b), at: at(Double(second)))
        case "?": latch.take(.unclear, at: at(Double(second)))
        default: latch.take(.well, at: at(Double(second)))
        }
      for change in changes {
        switch change {
        case .begins(let kind, let since): told.append("\(second): \(kind)+\(Int(since.time.seconds))")
        case .ends(let kind, _, let until): told.append("\(second): \(kind)-\(Int(until.time.seconds))")
        }
      }
    }
    return told
  }

  @Test("given signs, when they last, then a fault begins after the hold and ends after the clear time, each told once")
  func holdAndClear() {
    #expect(told("..aaaaaaaaaaaaaa.......") == ["10: a+2", "21: a-16"])
    #expect(told("..aaaaaaaa.") == [], "a second less than the hold")
    #expect(told("aaaaaaaaa...?...a......") == ["8: a+0", "22: a-17"], "unclear and bad begin the clear time anew")
  }

  @Test("given unclear signs between, when they are short, then they do not end the signs of a fault")
  func unclear() {
    #expect(told("aa??aa??aaa") == ["8: a+0"])
    #expect(told("a" + String(repeating: "?", count: 10) + "aaaaa") == [], "a sign long ago counts for nothing")
  }

  @Test("given signs of two kinds in turns, when told, then it is one fault of the kind that most say")
  func votes() {
    #expect(told("abaababaa") == ["8: a+0"])
    #expect(told("bbbbbbbba") == ["8: b+0"])
  }

  @Test("given one fault that becomes another, when told, then the first ends where the other begins")
  func change() {
    #expect(told("aaaaaaaaabbbbbbbbbb......") == ["8: a+0", "17: a-9", "17: b+9", "24: b-19"])
    #expect(told("aaaaaaaaabbbaaaaa......") == ["8: a+0", "22: a-17"], "a short other sign changes nothing")
  }

  @Test("given a fault that comes and goes, when told, then no kind begins twice within a minute")
  func notTwiceAMinute() {
    let signs = String(repeating: "aaaaaaaaa......", count: 12)
    let begins = told(signs).filter { $0.contains("+") }.compactMap { Int($0.prefix { $0 != ":" }) }
    #expect(begins.count >= 3, "it is told again after the minute")
    for (one, next) in zip(begins, begins.dropFirst()) { #expect(next - one >= 60) }
  }

  @Test("given any signs, when told, then beginnings and ends take turns and no end comes before its beginning")
  func property() {
    var random = SplitMix64(seed: 18)
    for round in 0..<300 {
      var latch = latch(hold: Int64.random(in: 0...6, using: &random), clear: Int64.random(in: 0...6, using: &random))
      var active: Kind?
      var second = 0.0
      for _ in 0..<200 {
        second += [0.2, 1, 3].randomElement(using: &random) ?? 1
        if Int.random(in: 0..<60, using: &random) == 0 {
          second = 0
          latch.restart()
        }
        let sign: Latch.Sign =
          switch Int.random(in: 0..<6, using: &random) {
          case 0, 1: .well
          case 2: .unclear
          case 3, 4: .bad(.a)
          default: .bad(.b)
          }
        for change in latch.take(sign, at: at(second)) {
          switch change {
          case .begins(let kind, _):
            #expect(active == nil, "round \(round)")
            active = kind
          case .ends(let kind, let since, let until):
            #expect(active == kind && until.nanoseconds(since: since) >= 0, "round \(round)")
            active = nil
          }
        }
        #expect(latch.active?.fault == active, "round \(round)")
      }
    }
  }

  @Test("given a stream whose time jumps, when signs go on, then a fault goes on and signs before count for nothing")
  func restart() {
    var latch = latch()
    var changes = (0..<8).flatMap { latch.take(.bad(.a), at: at(Double($0))) }
    #expect(changes == [])
    latch.restart()
    changes = latch.take(.bad(.a), at: at(100))
    #expect(changes == [])
    changes = latch.take(.bad(.a), at: at(108))
    #expect(changes == [.begins(.a, since: at(100))])
    latch.restart()
    #expect(latch.active?.fault == .a)
    changes = latch.take(.bad(.a), at: at(0))
    #expect(changes == [])
    let end = latch.end(at: at(1)), again = latch.end(at: at(2))
    #expect(end != nil && latch.active == nil && again == nil)
  }
}
