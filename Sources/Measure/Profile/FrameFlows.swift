import EdgepipeCore
import Pipeline

/// Which spans belong to one frame, and in which order: what draws a frame's way from thread to thread.
struct FrameFlows {
  enum Place {
    case start
    case step
    case end
  }

  struct Mark {
    /// Unique for each frame.
    var flow: Int
    var place: Place
  }

  /// By lane and index of the span; nil for spans of frames that were seen only once, and for pauses.
  private var marks: [[Mark?]]

  init(_ lanes: [SpanRecording.Lane]) {
    marks = lanes.map { Array(repeating: nil, count: $0.spans.count) }
    var works: [(lane: Int, index: Int)] = []
    for (lane, content) in lanes.enumerated() {
      for (index, span) in content.spans.enumerated() where span.kind == .work { works.append((lane, index)) }
    }
    func span(_ place: (lane: Int, index: Int)) -> Span { lanes[place.lane].spans[place.index] }
    works.sort { first, second in
      let a = span(first), b = span(second)
      return (a.stream, a.sequence, a.start.nanoseconds) < (b.stream, b.sequence, b.start.nanoseconds)
    }
    var first = 0, flow = 0
    while first < works.count {
      let frame = span(works[first])
      var next = first + 1
      while next < works.count, span(works[next]).stream == frame.stream, span(works[next]).sequence == frame.sequence {
        next += 1
      }
      if next - first > 1 {
        flow += 1
        for position in first..<next {
          let place = works[position]
          marks[place.lane][place.index] = Mark(
            flow: flow, place: position == first ? .start : position == next - 1 ? .end : .step)
        }
      }
      first = next
    }
  }

  subscript(lane: Int, index: Int) -> Mark? { marks[lane][index] }
}
