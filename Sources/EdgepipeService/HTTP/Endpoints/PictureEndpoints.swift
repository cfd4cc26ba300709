#if WebServer
  import EdgepipeCore
  import Foundation
  import Hummingbird

  extension ServiceContent {
    private static let choices: [Endpoint.Parameter] = [
      .pipeline,
      .query("stream", .string, "The stream; needed where there are several."),
      .query("height", .integer(16...4320), usual: "720", "Of the picture, in lines; it is never enlarged."),
      .query("annotated", .bool, usual: "true", "Draws what was found."),
    ]

    var pictureEndpoints: [Endpoint] {
      [
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}/snapshot", id: "takeSnapshot", tag: "pictures", role: .viewer,
          summary: "The next picture of a stream.", parameters: Self.choices,
          answer: Endpoint.Answer(status: .ok, type: "image/jpeg", summary: "A JPEG picture."),
          refusals: [.notFound, .unprocessableContent, .serviceUnavailable]
        ) { call in
          let answer = try await ask(call.need("name"), "picture", try await members(call))
          guard case .object(let picture)? = answer["picture"], case .string(let text)? = picture["jpeg"],
            let data = Data(base64Encoded: text)
          else { throw PipelineError("the run has sent no picture", code: .unavailable) }
          return Response(
            status: .ok, headers: [.contentType: "image/jpeg"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
        },
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}/live", id: "watchPictures", tag: "pictures", role: .viewer,
          summary:
            "Pictures of a stream as they come, for an <img> of a page (MJPEG). Encoded only while somebody watches.",
          parameters: Self.choices + [
            .query("rate", .number(0.1...10), usual: "5", "Pictures a second, at most."),
            .query("max", .integer(0...1_000_000), "Ends after so many; else it goes on."),
          ],
          answer: Endpoint.Answer(
            status: .ok, type: "multipart/x-mixed-replace", summary: "Parts of image/jpeg, separated by --edgepipe."),
          refusals: [.notFound, .unprocessableContent, .serviceUnavailable]
        ) { call in
          let keeper = try keeper(call.need("name")), max = call.integer("max")
          let request = PictureFeed.Request(
            socket: keeper.folder.socket, members: try await members(call), rate: call.number("rate") ?? 5)
          // Refusals of the run are told before the pictures begin.
          guard keeper.status.phase == .running else {
            throw PipelineError("the pipeline '\(keeper.entry.name)' does not run", code: .unavailable)
          }
          try await checkStream(request.members["stream"], of: keeper.entry.name)
          // Who is slow misses pictures.
          let (parts, continuation) = AsyncStream<ByteBuffer>.makeStream(bufferingPolicy: .bufferingNewest(1))
          let leave = try feeds.watch(request) { news in
            switch news {
            case .picture(let picture): continuation.yield(picture.part())
            case .waiting: continuation.yield(ByteBuffer(string: "\r\n"))
            case .ended: continuation.finish()
            }
          }
          continuation.onTermination = { _ in leave() }
          return Response(
            status: .ok, headers: [.contentType: "multipart/x-mixed-replace; boundary=edgepipe"],
            body: ResponseBody { writer in
              var sent = 0
              if max != 0 {
                for await part in parts {
                  try await writer.write(part)
                  sent += 1
                  if let max, sent >= max { break }
                }
              }
              leave()
              try await writer.write(ByteBuffer(string: "--edgepipe--\r\n"))
              try await writer.finish(nil)
            })
        },
      ]
    }

    /// - Throws: `notFound` for a stream that the run does not have, `unsupported` for one that is not shown.
    private func checkStream(_ stream: ReportValue?, of name: String) async throws {
      guard case .string(let wanted)? = stream, case .list(let streams)? = try await ask(name, "list")["streams"] else {
        return
      }
      var names: [String] = [], anonymized: Set<String> = []
      for case .object(let members) in streams {
        guard case .string(let id)? = members["id"] else { continue }
        names.append(id)
        if members["anonymized"] == .bool(true) { anonymized.insert(id) }
      }
      guard names.contains(wanted) else {
        throw PipelineError(
          "there is no stream \(Quoted.text(wanted))", remedy: "streams: \(names.prefix(20).joined(separator: ", "))",
          code: .notFound)
      }
      if showsOnlyAnonymized, !anonymized.contains(wanted) {
        throw PipelineError(
          "the pictures of \(Quoted.text(wanted)) are not shown: nothing is hidden in them",
          remedy: "let a way from its source to a sink lead through a privacy.anonymize", code: .unsupported)
      }
    }

    /// The keys of a request for pictures.
    private func members(_ call: Call) async throws -> [String: ReportValue] {
      var stream = call.text("stream")
      if stream == nil {
        let known = try keeper(call.need("name")).status.streams
        guard known.count <= 1 else {
          throw PipelineError(
            "the pipeline has several streams", remedy: "add ?stream= with one of \(known.joined(separator: ", "))",
            code: .invalidArgument)
        }
        stream = known.first
      }
      guard let stream else { throw PipelineError("the pipeline has no stream yet", code: .unavailable) }
      return pictureMembers.merging([
        "stream": .string(stream), "height": .int(call.integer("height") ?? 720),
        "annotated": .bool(call.flag("annotated")),
      ]) { $1 }
    }
  }
#endif
