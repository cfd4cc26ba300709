#if WebServer
  import EdgepipeCore
  import Hummingbird

  extension ServiceContent {
    private static let notFound: [HTTPResponse.Status] = [.notFound, .rangeNotSatisfiable]
    private static let otherAnswers = [
      Endpoint.Answer(status: .partialContent, type: "*/*", summary: "The part that Range asks for."),
      Endpoint.Answer(status: .notModified, type: nil, summary: "It is as it was: If-None-Match has its ETag."),
    ]
    private static let piece = 1 << 16

    var fileEndpoints: [Endpoint] {
      [
        Endpoint(
          method: .get, path: "/v1/files", id: "listFiles", tag: "files", role: .viewer,
          summary: "Lists the pictures, clips and recordings that runs have finished, the newest first.",
          parameters: [
            .query("pipeline", .string, "Of this one only."),
            .query("kind", .word(["picture", "clip", "recording"]), "Of this kind only."),
            .query("max", .integer(1...1000), usual: "100", "How many, at most."),
          ],
          answer: .json(Shape.object(["files": Shape.list(Shape.anything)]), "The files."), refusals: [.notFound]
        ) { call in
          let wanted = try call.text("pipeline").map { [try keeper($0)] } ?? supervisor.keepers.withLock { $0 }
          let kind = call.text("kind"), most = call.integer("max") ?? 100
          var files: [(begin: String, value: ReportValue)] = []
          for keeper in wanted {
            let own = keeper.files.entries.lazy.filter { (kind == nil || $0.kind == kind) && isShown($0) }
            files += own.prefix(most).map { ($0.begin, .object($0.value(of: keeper.entry.name))) }
          }
          files.sort { $0.begin > $1.begin }
          return .json(.object(["files": .list(files.prefix(most).map(\.value))]))
        },
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}/files/{file}", id: "getFile", tag: "files", role: .viewer,
          summary: "A picture, clip or recording that a run has finished; with Range a part of it.",
          parameters: [.pipeline, .path("file", "Its id."), .range],
          answer: Endpoint.Answer(status: .ok, type: "*/*", summary: "image/jpeg, image/png or video/mp4."),
          otherAnswers: Self.otherAnswers, refusals: Self.notFound
        ) { call in try await serve(call) { $0.path } },
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}/files/{file}/picture", id: "getFilePicture", tag: "files",
          role: .viewer, summary: "The picture of a clip: its first event.",
          parameters: [.pipeline, .path("file", "Its id."), .range],
          answer: Endpoint.Answer(status: .ok, type: "image/jpeg", summary: "A JPEG picture."),
          otherAnswers: Self.otherAnswers, refusals: Self.notFound
        ) { call in try await serve(call) { $0.picture } },
      ]
    }

    private func isShown(_ entry: FileBook.Entry) -> Bool { entry.isAnonymized || !showsOnlyAnonymized }

    /// Only what a run has told of is ever opened: the request holds a number and no path.
    private func serve(_ call: Call, _ path: (FileBook.Entry) -> String?) async throws -> Response {
      let keeper = try keeper(call.need("name"))
      guard let id = Int(call.need("file")), let entry = keeper.files.entry(id), isShown(entry), let path = path(entry),
        let type = FileBook.Entry.type(of: path)
      else { throw PipelineError("there is no such file", remedy: "/v1/files lists them", code: .notFound) }
      let blocking = blocking
      let file = try await blocking.run { try ServedFile(path) }
      var headers: HTTPFields = [
        .contentType: type, .acceptRanges: "bytes", .eTag: file.tag, .cacheControl: "private, no-cache",
      ]
      if call.request.headers[.ifNoneMatch] == file.tag { return Response(status: .notModified, headers: headers) }
      // Of another version nothing can be continued.
      let isSame = call.request.headers[.ifRange].map { $0 == file.tag } ?? true
      switch ByteRange(isSame ? call.text("Range") : nil, of: file.bytes) {
      case .whole: return Response(status: .ok, headers: headers, body: body(file, 0..<file.bytes))
      case .part(let range):
        headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.bytes)"
        return Response(status: .partialContent, headers: headers, body: body(file, range))
      case .none:
        throw Problem(
          .rangeNotSatisfiable, "the file has \(file.bytes) bytes", headers: [.contentRange: "bytes */\(file.bytes)"])
      }
    }

    private func body(_ file: ServedFile, _ range: Range<Int>) -> ResponseBody {
      let blocking = blocking
      return ResponseBody(contentLength: range.count) { writer in
        var at = range.lowerBound
        while at < range.upperBound {
          let piece = at..<min(at + Self.piece, range.upperBound)
          let bytes = try await blocking.run { file.read(piece) }
          // It has become shorter: what was promised cannot be kept.
          guard !bytes.isEmpty else { throw PipelineError("the file ends too early", code: .malformed) }
          try await writer.write(ByteBuffer(bytes: bytes))
          at += bytes.count
        }
        try await writer.finish(nil)
      }
    }
  }

  extension Endpoint.Parameter {
    fileprivate static let range = Endpoint.Parameter(
      name: "Range", place: .header, kind: .string, summary: "The wanted bytes, such as bytes=0-1023.")
  }
#endif
