#if WebServer
  import EdgepipeCore
  import Hummingbird

  extension ServiceContent {
    /// What a page may do: nothing but load its own files and ask this service.
    private static let policy = """
      default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; \
      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
      require-trusted-types-for 'script'; trusted-types 'none'
      """

    private static let unchanged = [
      Endpoint.Answer(status: .notModified, type: nil, summary: "It is as it was: If-None-Match has its ETag.")
    ]

    /// The page holds no data: everything that it shows it asks for, as whoever is signed in.
    var pageEndpoints: [Endpoint] {
      [
        Endpoint(
          method: .get, path: "/", id: "getPage", tag: "page", role: .anyone, summary: "The live page.",
          answer: Endpoint.Answer(status: .ok, type: "text/html", summary: "A page for a browser."),
          otherAnswers: Self.unchanged
        ) { call in Self.response(PageFile.index, call) },
        Endpoint(
          method: .get, path: "/page/{file}", id: "getPageFile", tag: "page", role: .anyone,
          summary: "A file of the live page.", parameters: [.path("file", "Its name.")],
          answer: Endpoint.Answer(status: .ok, type: "*/*", summary: "A style sheet, a script or a drawing."),
          otherAnswers: Self.unchanged, refusals: [.notFound]
        ) { call in
          guard let file = PageFile.all[call.need("file")] else {
            throw Problem(.notFound, "the page has no such file", code: .notFound)
          }
          return Self.response(file, call)
        },
      ]
    }

    private static func response(_ file: PageFile, _ call: Call) -> Response {
      let headers: HTTPFields = [
        .contentType: file.type, .eTag: file.tag, .cacheControl: "no-cache", .contentSecurityPolicy: policy,
      ]
      // Asked each time, so that a page and its scripts are always of one version.
      if call.request.headers[.ifNoneMatch] == file.tag { return Response(status: .notModified, headers: headers) }
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }
  }
#endif
