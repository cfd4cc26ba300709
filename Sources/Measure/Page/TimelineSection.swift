import EdgepipeCore

/// What happened when: strips above each other on one axis of time.
struct TimelineSection {
  private let content: ProfileContent
  /// Thinned.
  private let moments: [ProfileMoment]
  private let isThinned: Bool
  private let seconds: Double

  init(content: ProfileContent) {
    self.content = content
    let usable = content.timeline.filter(\.seconds.isFinite)
    moments = TimelineThinning.thinned(usable)
    isThinned = moments.count < usable.count
    seconds = max(content.wallS.isFinite ? content.wallS : 0, usable.last?.seconds ?? 0, 1e-3)
  }

  var markup: Markup {
    """
    <section aria-labelledby="timeline">
    <h2 id="timeline">Over time</h2>
    \(moments.count < 2 ? "<p class=\"nothing\">The run ended before the second reading.</p>" : groups)
    </section>
    """
  }

  private var groups: Markup {
    let thinned: Markup =
      isThinned
      ? """
      <p class="remark">Each point represents several readings: the mean of rates and power, the maximum of queues and \
      memory.</p>
      """ : .empty
    return """
      \(group("Frames", [delivered]))
      \(losses)
      \(group("Power and memory", [power, memory]))
      \(group("Frames waiting in queues", queues))
      \(thinned)
      """
  }

  /// Strips with one heading; only the last one has labels below its axis.
  private func group(_ heading: String, _ strips: [Strip]) -> Markup {
    let drawn = strips.enumerated().map { index, strip in
      strip.markup(axis: xTicks, seconds: seconds, isLast: index == strips.count - 1)
    }
    let nothing: Markup = strips.isEmpty ? "<p class=\"nothing\">No stage has a queue.</p>" : .empty
    return "<div class=\"group\"><h3>\(heading)</h3>\n\(drawn)\(nothing)</div>"
  }

  private var xTicks: Ticks { .time(upTo: seconds, about: 6) }

  // MARK: Frames

  private var delivered: Strip {
    let rates = moments.map(\.deliveredPerSecond)
    let range = Self.range(rates).map { ", \(Figure.text($0.lowerBound)) to \(Figure.text($0.upperBound))" } ?? ""
    return Strip(
      id: "delivered", label: "delivered", note: "\(Figure.text(content.fps)) frames/s on average\(range)",
      color: 0, shape: .steps, points: points(\.deliveredPerSecond), highest: rates.max() ?? 0, height: 84)
  }

  private var losses: Markup {
    let places = lossPlaces
    guard !places.isEmpty else {
      let dropped =
        content.dropped > 0
        ? "\(Figure.count(content.dropped)) frames were dropped; no stage counted them." : "No frame was dropped."
      let failed = content.failed > 0 ? " \(Figure.count(content.failed)) failed." : ""
      return "<div class=\"group\"><h3>Frames dropped</h3><p class=\"nothing\">\(dropped + failed)</p></div>"
    }
    let shown = places.prefix(Self.mostPlaces)
    var lines = shown.map { loss in
      (label: loss.place.stage, reason: loss.place.reason, frames: loss.frames, rates: rates { $0 == loss.place })
    }
    let rest = places.dropFirst(Self.mostPlaces)
    if !rest.isEmpty {
      let hidden = Set(rest.map(\.place))
      lines.append(
        ("\(rest.count) more places", "", rest.reduce(0) { $0 + $1.frames }, rates { hidden.contains($0) }))
    }
    let highest = lines.compactMap { $0.rates.max() }.max() ?? 0
    return group(
      "Frames dropped per second",
      lines.enumerated().map { index, line in
        Strip(
          id: "dropped-\(index)", label: line.label, detail: line.reason, note: "\(Figure.count(line.frames)) frames",
          color: 3, shape: .steps, points: zip(moments, line.rates).map { .init(x: $0.seconds, y: $1) },
          highest: highest, height: 40)
      })
  }

  private static let mostPlaces = 8

  /// Where frames were dropped, by the stages' own counts, most first.
  private var lossPlaces: [(place: Place, frames: Int)] {
    var frames: [Place: Int] = [:]
    for stage in content.stages {
      for (reason, count) in stage.dropped where count > 0 {
        frames[Place(stage: stage.id, reason: reason), default: 0] += count
      }
    }
    return frames.map { (place: $0.key, frames: $0.value) }.sorted { ($1.frames, $0.place) < ($0.frames, $1.place) }
  }

  /// Losses a second at each moment, at the places that are wanted.
  private func rates(_ isWanted: (Place) -> Bool) -> [Double] {
    moments.map { moment in
      moment.droppedPerSecond.reduce(0) { sum, loss in
        isWanted(Place(stage: loss.stage, reason: loss.reason)) && loss.perSecond.isFinite ? sum + loss.perSecond : sum
      }
    }
  }

  // MARK: Power and memory

  private var power: Strip {
    guard let power = content.power, moments.contains(where: { $0.watts?.isFinite == true }) else {
      let why = content.power == nil ? "neither measured nor estimated" : "no readings over time"
      return Strip(id: "power", label: "power", note: "", nothing: why)
    }
    let highest = moments.compactMap(\.watts).filter(\.isFinite).max() ?? 0
    let limit = power.budgetW.map { LineChart.Limit(value: $0, label: "budget \(Figure.setting($0)) W") }
    return Strip(
      id: "power", label: "power", note: "\(Figure.text(power.meanW)) W on average, peak \(Figure.text(highest)) W",
      color: 0, shape: .straight, points: points(\.watts), highest: max(highest, power.budgetW ?? 0), height: 64,
      limit: limit)
  }

  private var memory: Strip {
    let highest = moments.map(\.rssMB).filter(\.isFinite).max() ?? 0
    return Strip(
      id: "memory", label: "memory", note: "peak \(Figure.text(max(highest, content.peakMemoryMB))) MB",
      color: 0, shape: .straight, points: points(\.rssMB), highest: highest, height: 64)
  }

  // MARK: Queues

  private var queues: [Strip] {
    content.stages.filter { $0.queue != nil }.enumerated().map { index, stage in
      let depths = moments.map { Double($0.queueDepth[stage.id] ?? 0) }
      let highest = depths.max() ?? 0
      let bound = stage.queueCapacity.map { " of \(Figure.count($0))" } ?? ""
      return Strip(
        id: "queue-\(index)", label: stage.id, note: "at most \(Figure.text(highest, decimals: 0))\(bound)", color: 1,
        shape: .steps, points: zip(moments, depths).map { .init(x: $0.seconds, y: $1) },
        highest: max(highest, Double(stage.queueCapacity ?? 1)), height: 30, isWhole: true)
    }
  }

  private func points(_ value: (ProfileMoment) -> Double?) -> [LineChart.Point] {
    moments.map { .init(x: $0.seconds, y: value($0)) }
  }

  private static func range(_ values: [Double]) -> ClosedRange<Double>? {
    let finite = values.filter(\.isFinite)
    guard let lowest = finite.min(), let highest = finite.max() else { return nil }
    return lowest...highest
  }
}
