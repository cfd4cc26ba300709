#if WebServer
  import EdgepipeCore
  import Hummingbird

  extension ServiceContent {
    /// A page shows no more at a time.
    private static let mostStreams = 64

    var pictureStreamEndpoint: Endpoint {
      Endpoint(
        method: .get, path: "/v1/pictures", id: "watchStreams", tag: "pictures", role: .viewer,
        summary: """
          Pictures of many streams in one answer, each part with the names of its pipeline and stream. Encoded only while \
          somebody watches; who reads slowly gets fewer pictures. A stream that is away is told once and comes back by itself.
          """,
        parameters: [
          .query("streams", .string, "PIPELINE/STREAM, separated by commas. None: no pictures."),
          .query("height", .integer(16...4320), usual: "360", "Of the pictures, in lines; they are never enlarged."),
          .query("annotated", .bool, usual: "true", "Draws what was found."),
          .query("rate", .number(0.1...10), usual: "5", "Pictures a second of each stream, at most."),
          .query("max", .integer(0...1_000_000), "Ends after so many; else it goes on."),
        ],
        answer: Endpoint.Answer(
          status: .ok, type: "multipart/mixed",
          summary: "Parts of image/jpeg, and empty ones for streams that are away, separated by --edgepipe.")
      ) { call in
        let text = call.text("streams") ?? ""
        guard let names = text.isEmpty ? [] : StreamName.list(text), names.count <= Self.mostStreams else {
          throw Problem(
            .badRequest, "'streams' is no list of streams, or has more than \(Self.mostStreams)",
            remedy: "write PIPELINE/STREAM,PIPELINE/STREAM", code: .invalidArgument)
        }
        let choices: [String: ReportValue] = pictureMembers.merging([
          "height": .int(call.integer("height") ?? 360), "annotated": .bool(call.flag("annotated")),
        ]) { $1 }
        let rate = call.number("rate") ?? 5, feeds = feeds, supervisor = supervisor
        let pictures = PictureStream(
          names: names, max: call.integer("max"),
          isThere: { name in supervisor.keeper(name.pipeline)?.status.hasPictures(of: name.stream) ?? false },
          begin: { name, hear in
            guard let keeper = supervisor.keeper(name.pipeline) else { return nil }
            let members = choices.merging(["stream": .string(name.stream)]) { $1 }
            return try? feeds.watch(
              PictureFeed.Request(socket: keeper.folder.socket, members: members, rate: rate), hear)
          })
        return Response(
          status: .ok, headers: [.contentType: "multipart/mixed; boundary=edgepipe"],
          body: ResponseBody { writer in
            // The head goes out at once.
            try await writer.write(ByteBuffer(string: "\r\n"))
            try await pictures.write { try await writer.write($0) }
            try await writer.write(ByteBuffer(string: "--edgepipe--\r\n"))
            try await writer.finish(nil)
          })
      }
    }
  }
#endif
