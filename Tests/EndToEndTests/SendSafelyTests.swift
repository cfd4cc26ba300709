import Foundation
import PipelineTestSupport
import Testing

/// `sink.http` over TLS, and with a disk that is full.
@Suite("Webhooks: certificates and disks", .enabled(if: WebhookReceiver.isAvailable, "needs python3"))
struct SendSafelyTests {
  private let space = try! Workspace()
  private var state: [String: String] { ["EDGEPIPE_STATE": space.path("state")] }
  private var database: String { space.path("state/spool/test/out.sqlite") }

  private func pipeline(frames: Int, url: String, _ options: String) throws -> String {
    try space.pipeline(
      #"""
      { "id": "cam", "type": "source.synthetic", "config": { "frames": \#(frames), "fps": 2000, "live": false } },
      { "id": "out", "type": "sink.http", "after": ["cam"], "config": { "url": "\#(url)", "what": ["frames"],
        "retryMinS": 0.01, "retryMaxS": 0.1\#(options) } }
      """#)
  }

  /// A receiver with a certificate by `ca.crt`, and the client's certificate that it wants.
  private func guarded(name: String = "IP:127.0.0.1") throws -> (receiver: WebhookReceiver, client: Certificates.Pair) {
    let authority = try Certificates(in: space.folder)
    let server = try authority.signed("server", names: [name])
    let receiver = try WebhookReceiver(
      space, ["--cert", server.certificate, "--key", server.key, "--client-ca", authority.authority.certificate])
    return (receiver, try authority.signed("client"))
  }

  @Test(
    "given a receiver that asks for a certificate, when a run has the right one, then everything arrives encrypted",
    .enabled(if: Certificates.isAvailable, "needs openssl"))
  func mutual() throws {
    let (receiver, client) = try guarded()
    let file = try pipeline(
      frames: 200, url: "https://127.0.0.1:\(receiver.port)/",
      #", "flushS": 200, "ca": "ca.crt", "certificate": "\#(client.certificate)", "key": "\#(client.key)""#)
    let result = try Command.run(["run", file], in: space.folder, environment: state)
    #expect(result.status == 0, "\(result.errors)")
    let received = try Results.received(space)
    #expect(try Results.firsts(received).count == 200, "\(received.count)")
    #expect(try Results.waiting(database) == ([], "ok"))
  }

  @Test(
    "given a receiver that is not trusted or does not trust, when a run sends to it, then it gets nothing and all is kept",
    .enabled(if: Certificates.isAvailable, "needs openssl"),
    arguments: [
      ("IP:127.0.0.1", #", "ca": "other.crt", "certificate": "client.crt", "key": "client.key""#),
      ("IP:127.0.0.1", #", "certificate": "client.crt", "key": "client.key""#),
      ("DNS:example.org", #", "ca": "ca.crt", "certificate": "client.crt", "key": "client.key""#),
      ("IP:127.0.0.1", #", "ca": "ca.crt""#),
    ])
  func untrusted(name: String, options: String) throws {
    _ = try Certificates(in: space.folder, name: "other")
    let (receiver, _) = try guarded(name: name)
    let file = try pipeline(
      frames: 50, url: "https://127.0.0.1:\(receiver.port)/", #", "flushS": 3"# + options)
    let result = try Command.run(["run", file], in: space.folder, environment: state)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("results wait in the spool"), "\(result.errors)")
    #expect(try Results.received(space).isEmpty)
    #expect(try Results.waiting(database).ids.count == 50)
  }

  /// A mount of a test's own, which no other process sees.
  private static let canMount =
    (try? TestData.run(
      URL(fileURLWithPath: "/usr/bin/unshare"), ["-Urm", "mount", "-t", "tmpfs", "none", "/mnt"]))?.status == 0

  @Test(
    "given a disk that fills up, when results are kept, then detection goes on, and what was committed arrives when there is room",
    .enabled(if: canMount, "needs unshare and a kernel that lets users mount"))
  func fullDisk() throws {
    // Nothing listens on the port yet; the receiver comes when the disk has room again.
    let first = try WebhookReceiver(space), port = first.port
    first.stop()
    let url = "http://127.0.0.1:\(port)/"
    let full = try pipeline(frames: 6000, url: url, #", "flushS": 0"#)
    let kept = space.path("full.json")
    try FileManager.default.moveItem(atPath: full, toPath: kept)
    let last = try pipeline(frames: 10, url: url, #", "flushS": 200"#)
    let script = """
      set -e
      mkdir state && mount -t tmpfs -o size=8m none state
      head -c 7000000 /dev/zero >state/filler
      "$E" run full.json --report full-report.json
      cp -r state/spool/test copy
      rm state/filler
      # The receiver ends with this shell, which holds the other end of its input.
      mkfifo held
      python3 '\(WebhookReceiver.script)' received.jsonl --port \(port) <held >listens &
      exec 9>held
      "$E" run '\(last)' --report report.json
      mkdir after && cp -r state/spool/test after
      """
    try script.write(toFile: space.path("script"), atomically: false, encoding: .utf8)
    let result = try Command.shell("exec unshare -Urm bash script", in: space.folder, environment: state)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("the spool cannot be written"), "\(result.errors)")
    let ledger = try #require(try space.report("full-report.json")["ledger"] as? [String: Any])
    #expect(ledger["admitted"] as? Int == 6000 && ledger["balanced"] as? Bool == true)
    #expect(ledger["failed"] as? Int == 0)
    let delivered = try #require(ledger["delivered"] as? Int)
    // A MB holds less than the run had, and more than one group.
    #expect(delivered > 100 && delivered < 6000)
    let committed = try Results.waiting(space.path("copy/out.sqlite"))
    #expect(committed.integrity == "ok" && committed.ids.count == delivered)
    let ids = try Results.firsts(Results.received(space))
    #expect(Array(ids.prefix(delivered)) == committed.ids && ids.count == delivered + 10)
    let left = try Results.waiting(space.path("after/test/out.sqlite"))
    #expect(left.ids.count == 0 && left.integrity == "ok")
  }
}
