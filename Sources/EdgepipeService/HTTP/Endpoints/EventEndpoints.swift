#if WebServer
  import EdgepipeCore
  import Foundation
  import Hummingbird

  extension ServiceContent {
    var eventEndpoints: [Endpoint] {
      [
        Endpoint(
          method: .get, path: "/v1/events", id: "watchEvents", tag: "events", role: .viewer,
          summary: """
            Events of all pipelines as they come (server-sent events): what rules report, changes of options, of streams' \
            health, and of pipelines' states. After a break, the header Last-Event-ID goes on where it stopped, as far as \
            the last 2000 events reach.
            """,
          parameters: [
            .query("pipeline", .string, "Of this one only."),
            .query("max", .integer(0...1_000_000), "Ends after so many; else it goes on."),
            .query("recent", .integer(0...2000), usual: "0", "So many of the last events come first."),
            .query("figures", .bool, usual: "false", "Tells the figures of all pipelines too, each second."),
            Endpoint.Parameter(
              name: "Last-Event-ID", place: .header, kind: .string,
              summary: "The id of the last event that was received."),
          ],
          answer: Endpoint.Answer(
            status: .ok, type: "text/event-stream", summary: "Events, and a comment every five seconds without one."),
          refusals: [.notFound]
        ) { call in
          let events = supervisor.events, pipeline = call.text("pipeline")
          if let pipeline { _ = try keeper(pipeline) }
          var start = max(0, events.last - (call.integer("recent") ?? 0))
          if let id = call.text("Last-Event-ID") { start = number(ofEvent: id, in: events) }
          var body = EventStream(events: events, pipeline: pipeline, after: start, max: call.integer("max"))
          if call.flag("figures") { body.statuses = statuses(of: pipeline) }
          let stream = body
          return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
              try await stream.write { try await writer.write(ByteBuffer(string: $0)) }
              try await writer.finish(nil)
            })
        }
      ]
    }

    private func statuses(of pipeline: String?) -> @Sendable () -> [PipelineStatus] {
      let supervisor = supervisor
      return { supervisor.pipelines.filter { pipeline == nil || $0.name == pipeline } }
    }

    /// The number of an event that this supervisor has told; for one of an earlier supervisor, and for what is none, the
    /// place before all that is kept.
    private func number(ofEvent id: String, in events: EventLog) -> Int {
      let parts = id.split(separator: "-")
      guard parts.count == 2, parts[0] == events.epoch, let number = Int(parts[1]), (0...events.last).contains(number)
      else { return 0 }
      return number
    }
  }

  /// Events as text, until there have been enough.
  struct EventStream: Sendable {
    private static let keepAlive = Duration.seconds(5)
    private static let look = Duration.milliseconds(100)

    let events: EventLog
    let pipeline: String?
    let after: Int
    let max: Int?
    /// Of the pipelines whose figures are told too.
    var statuses: (@Sendable () -> [PipelineStatus])?

    func write(_ send: (String) async throws -> Void) async throws {
      var last = after, sent = 0, silence = Duration.zero, figures = FigureNews()
      // The head goes out at once.
      try await send(": edgepipe\n\n")
      while max.map({ sent < $0 }) ?? true {
        let (entries, lost) = events.entries(after: last, limit: 100)
        if lost > 0 { try await send("event: lost\ndata: {\"count\":\(lost)}\n\n") }
        for entry in entries {
          last = entry.number
          if let pipeline, entry.pipeline != pipeline { continue }
          let kind = if case .string(let word)? = entry.members["event"] { word } else { "event" }
          try await send(
            "id: \(events.epoch)-\(entry.number)\nevent: \(kind)\ndata: \(ReportValue.object(entry.members).line)\n\n")
          silence = .zero
          sent += 1
          if let max, sent >= max { return }
        }
        if let statuses, let news = figures.next(statuses, now: .now) {
          try await send("event: figures\ndata: \(news.line)\n\n")
          silence = .zero
        }
        if entries.isEmpty {
          try await Task.sleep(for: Self.look)
          silence += Self.look
          if silence >= Self.keepAlive {
            try await send(": \n\n")
            silence = .zero
          }
        }
      }
    }
  }
#endif
