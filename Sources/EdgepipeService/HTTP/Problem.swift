#if WebServer
  import EdgepipeCore
  import Hummingbird

  /// A refusal: its status, and what is said of it as `application/problem+json` (RFC 9457).
  struct Problem: Error {
    let status: HTTPResponse.Status
    let detail: String
    var remedy: String?
    var code: PipelineError.Code?
    var headers: HTTPFields = [:]

    init(
      _ status: HTTPResponse.Status, _ detail: String, remedy: String? = nil, code: PipelineError.Code? = nil,
      headers: HTTPFields = [:]
    ) {
      (self.status, self.detail, self.remedy, self.code, self.headers) = (status, detail, remedy, code, headers)
    }

    init(_ error: any Error) {
      switch error {
      case let problem as Problem: self = problem
      case let error as PipelineError:
        self.init(Self.status(of: error.code), error.message, remedy: error.remedy, code: error.code)
      case let errors as ConfigErrors:
        self.init(Self.status(of: errors.code), errors.description, code: errors.code)
      default: self.init(.internalServerError, "an error of this program: \(error)", code: .internalFault)
      }
    }

    private static func status(of code: PipelineError.Code) -> HTTPResponse.Status {
      switch code {
      case .invalidArgument: .badRequest
      case .alreadyExists: .conflict
      case .notFound, .modelMissing: .notFound
      case .invalidConfiguration, .malformed, .unsupported, .mismatch, .unattainable: .unprocessableContent
      case .unreachable, .unavailable, .interrupted: .serviceUnavailable
      case .writeFailed, .outputClosed, .internalFault: .internalServerError
      }
    }

    var response: Response {
      var members: [String: ReportValue] = [
        "title": .string(status.reasonPhrase), "status": .int(status.code), "detail": .string(detail),
      ]
      members["remedy"] = remedy.map { .string($0) }
      members["code"] = code.map { .string($0.rawValue) }
      var headers = headers
      headers[.contentType] = "application/problem+json"
      return Response(
        status: status, headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(string: ReportValue.object(members).line + "\n")))
    }

    static let schema = ReportValue.object([
      "type": .string("object"), "required": .list([.string("title"), .string("status"), .string("detail")]),
      "properties": .object([
        "title": .object(["type": .string("string")]), "status": .object(["type": .string("integer")]),
        "detail": .object(["type": .string("string"), "description": .string("What is wrong.")]),
        "remedy": .object(["type": .string("string"), "description": .string("What to do.")]),
        "code": .object([
          "type": .string("string"),
          "enum": .list(PipelineError.Code.allCases.map { .string($0.rawValue) }),
        ]),
      ]),
    ])
  }
#endif
