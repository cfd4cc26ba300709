import EdgepipeCore
import Foundation
import HTTPTypes
import Hummingbird
import PipelineTestSupport
import PipelineTesting
import Testing

@testable import EdgepipeService

@Suite("Who may use the HTTP interface")
struct AccessTests {
  /// A state folder and what decides about it.
  private final class Rig {
    let folder: URL
    let store: TokenStore
    let clock = ManualClock()
    let access: AccessControl

    init(needsToken: Bool = false) throws {
      folder = try TestData.temporaryFolder("access")
      store = TokenStore(state: folder.path)
      access = AccessControl(store, needsToken: needsToken, clock: clock)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The status of the refusal; nil where it is let in.
    func status(
      _ role: Role, token: String? = nil, cookie: String? = nil, scheme: String = "Bearer", from: String = "10.0.0.1"
    ) -> Int? {
      var fields: HTTPFields = [:]
      if let token { fields[.authorization] = "\(scheme) \(token)" }
      if let cookie { fields[.cookie] = "other=1; edgepipe=\(cookie)" }
      let request = Request(
        head: HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/", headerFields: fields),
        body: RequestBody(buffer: ByteBuffer()))
      do {
        try access.check(request, for: role, from: from)
        return nil
      } catch { return error.status.code }
    }
  }

  @Test("given no token at all, when asked, then everything is allowed")
  func open() throws {
    let rig = try Rig()
    #expect(rig.status(.admin) == nil && rig.status(.viewer, token: "x") == nil)
    #expect(try !rig.access.isClosed())
  }

  @Test("given a server that others reach, when its last token goes, then nobody is let in")
  func reached() throws {
    let rig = try Rig(needsToken: true)
    let token = try rig.store.add("a", role: "admin")
    #expect(rig.status(.viewer, token: token) == nil)
    try rig.store.remove("a")
    #expect(rig.status(.viewer, token: token) == 401 && rig.status(.viewer) == 401 && rig.status(.anyone) == nil)
  }

  @Test("given tokens of each role, when used, then each opens what its role may do, and no more")
  func roles() throws {
    let rig = try Rig()
    let tokens = try TokenStore.roles.map { try rig.store.add($0, role: $0) }
    #expect(try rig.access.isClosed())
    let asked: [Role] = [.anyone, .viewer, .operator, .admin]
    #expect(asked.map { rig.status($0) } == [nil, 401, 401, 401])
    #expect(asked.map { rig.status($0, token: tokens[0]) } == [nil, nil, 403, 403])
    #expect(asked.map { rig.status($0, token: tokens[1]) } == [nil, nil, nil, 403])
    #expect(asked.map { rig.status($0, token: tokens[2]) } == [nil, nil, nil, nil])
    #expect(rig.status(.viewer, token: tokens[2], scheme: "bearer") == nil)
    for wrong in ["", "x", String(tokens[2].dropLast()), tokens[2] + "x", "admin"] {
      #expect(rig.status(.viewer, token: wrong) == 401, "\(wrong)")
    }
    #expect(rig.status(.viewer, token: tokens[2], scheme: "Basic") == 401)
  }

  @Test("given a token that is removed while the server runs, when used, then it is refused")
  func removed() throws {
    let rig = try Rig()
    let (kept, gone) = try (rig.store.add("kept", role: "admin"), rig.store.add("gone", role: "admin"))
    #expect(rig.status(.admin, token: gone) == nil)
    try rig.store.remove("gone")
    #expect(rig.status(.admin, token: gone) == 401 && rig.status(.admin, token: kept) == nil)
    #expect(throws: PipelineError.self) { try rig.store.remove("gone") }
    #expect(throws: PipelineError.self) { try rig.store.add("kept", role: "viewer") }
  }

  @Test("given a token file, when looked at, then only its user can read it, and the token is not in it")
  func file() throws {
    let rig = try Rig()
    let token = try rig.store.add("a", role: "viewer")
    let text = try String(contentsOfFile: rig.store.path, encoding: .utf8)
    #expect(!text.contains(token) && text.contains(TokenStore.hash(token)))
    let attributes = try FileManager.default.attributesOfItem(atPath: rig.store.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test("given a token file that is damaged, when asked, then nobody is let in")
  func damaged() throws {
    let rig = try Rig()
    let token = try rig.store.add("a", role: "admin")
    try "{".write(toFile: rig.store.path, atomically: true, encoding: .utf8)
    #expect(rig.status(.viewer, token: token) == 503 && rig.status(.viewer) == 503)
  }

  @Test("given somebody who guesses, when wrong tokens come fast, then they are put off, and others are not")
  func guessing() throws {
    let rig = try Rig()
    let token = try rig.store.add("a", role: "admin")
    let statuses = (0..<30).map { rig.status(.viewer, token: "guess\($0)") }
    #expect(statuses.prefix(20).allSatisfy { $0 == 401 } && statuses.suffix(10).allSatisfy { $0 == 429 })
    #expect(rig.status(.viewer, token: token) == nil, "the right one is not put off")
    #expect(rig.status(.viewer, token: "guess", from: "10.0.0.2") == 401)
    rig.clock.advance(milliseconds: 2000)
    #expect(rig.status(.viewer, token: "guess") == 401)
    #expect(rig.status(.viewer, token: "guess") == 429)
  }

  @Test("given a session, when its cookie is used, then it is worth its token, until it ends or the token goes")
  func sessions() throws {
    let rig = try Rig()
    let token = try rig.store.add("a", role: "operator")
    _ = try rig.store.add("b", role: "admin")
    let (cookie, role) = try rig.access.signIn(token, from: "10.0.0.1")
    #expect(role == .operator)
    #expect(rig.status(.operator, cookie: cookie) == nil && rig.status(.admin, cookie: cookie) == 403)
    #expect(rig.status(.viewer, cookie: cookie + "x") == 401)
    rig.clock.advance(milliseconds: Double(Sessions.hours) * 3_600_000 - 1)
    #expect(rig.status(.operator, cookie: cookie) == nil)
    rig.clock.advance(milliseconds: 2)
    #expect(rig.status(.operator, cookie: cookie) == 401)
    let (second, _) = try rig.access.signIn(token, from: "10.0.0.1")
    try rig.store.remove("a")
    #expect(rig.status(.viewer, cookie: second) == 401)
    #expect(throws: Problem.self) { try rig.access.signIn(token, from: "10.0.0.1") }
  }
}
