#if WebServer
  import EdgepipeCore
  import Hummingbird

  /// One operation of the HTTP interface: what it takes and gives, for the router, for the checks of requests, and for the
  /// OpenAPI document, which are all made from it.
  struct Endpoint: Sendable {
    struct Parameter: Sendable {
      enum Place: String, Sendable { case path, query, header }

      let name: String
      let place: Place
      /// A scalar one.
      let kind: ObjectSchema.ValueKind
      /// In JSON; nil: absent is a value of its own.
      var usual: String?
      let summary: String

      static func path(_ name: String, _ summary: String) -> Parameter {
        Parameter(name: name, place: .path, kind: .string, summary: summary)
      }

      static func query(
        _ name: String, _ kind: ObjectSchema.ValueKind, usual: String? = nil, _ summary: String
      ) -> Parameter {
        Parameter(name: name, place: .query, kind: kind, usual: usual, summary: summary)
      }
    }

    /// What a success looks like.
    struct Answer: Sendable {
      let status: HTTPResponse.Status
      /// Its media type; nil: there is no body.
      let type: String?
      let summary: String
      /// Of an answer in JSON.
      var schema: ReportValue?

      static func json(
        _ schema: ReportValue, _ summary: String, _ status: HTTPResponse.Status = .ok
      ) -> Answer {
        Answer(status: status, type: "application/json", summary: summary, schema: schema)
      }
    }

    let method: HTTPRequest.Method
    /// With parameters in braces: `/v1/pipelines/{name}`.
    let path: String
    let id: String
    let tag: String
    let role: Role
    let summary: String
    var parameters: [Parameter] = []
    /// Of a body in JSON; nil: a body is refused.
    var body: ObjectSchema?
    let answer: Answer
    /// What a success looks like as well, such as a part of a file.
    var otherAnswers: [Answer] = []
    /// The statuses of refusals beyond those that any request can meet.
    var refusals: [HTTPResponse.Status] = []
    let work: @Sendable (Call) async throws -> Response

    /// `{` to `}`, or text that must be the same.
    var segments: [Substring] { Array(path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()) }
  }

  /// Who may do something; each may do what those before it may.
  enum Role: String, Sendable, CaseIterable, Comparable {
    /// Anybody who reaches the port, such as the health check of a container.
    case anyone
    case viewer
    case `operator`
    case admin

    static func < (a: Role, b: Role) -> Bool { a.rank < b.rank }

    private var rank: Int { Role.allCases.firstIndex(of: self) ?? 0 }
  }

  /// A request whose parameters and body have been checked against its endpoint.
  struct Call: Sendable {
    let request: Request
    let values: [String: JSONNode]
    /// An object that fits the endpoint's schema; nil where the endpoint takes none.
    let body: JSONNode?
    /// Of the client.
    let address: String
    let isEncrypted: Bool
    let basePath: String

    func text(_ name: String) -> String? { values[name]?.string }
    func integer(_ name: String) -> Int? { values[name]?.integer }
    func number(_ name: String) -> Double? { values[name]?.number }
    func flag(_ name: String) -> Bool { values[name]?.bool ?? false }

    /// A parameter of the path: always there.
    func need(_ name: String) -> String { text(name) ?? "" }
  }

  extension Response {
    static func json(_ value: ReportValue, _ status: HTTPResponse.Status = .ok) -> Response {
      Response(
        status: status, headers: [.contentType: "application/json"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: value.line + "\n")))
    }
  }
#endif
