import Foundation
import PipelineTestSupport
import Testing

/// Models for a device without pip: from one place that is named.
@Suite("The command: models pull --from")
struct PullTests {
  private static let models = TestData.file("models")
  private static let hasServer = ["/usr/bin/openssl", "/usr/bin/python3", "/usr/bin/curl"].allSatisfy {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private func pull(_ arguments: String..., in space: Workspace) throws -> CommandResult {
    // A mirror that is set is not asked.
    try Command.run(
      ["models", "pull"] + arguments, in: space.folder,
      environment: ["EDGEPIPE_MODELS_MIRROR": Self.models?.path ?? "", "EDGEPIPE_MODELS": space.path("store")])
  }

  @Test(
    "given a folder of files, when pulled from it, then the store that is made serves as such a folder as well",
    .enabled(if: models != nil, "needs the data folder's models"))
  func folders() throws {
    let space = try Workspace()
    let files = try pull("yunet-n", "yolox-nano", "--from", Self.models?.path ?? "", in: space)
    #expect(files.status == 0, "\(files.errors)")
    try FileManager.default.moveItem(atPath: space.path("store"), toPath: space.path("stick"))
    let store = try pull("yunet-n", "yolox-nano", "--from", "stick", in: space)
    #expect(store.status == 0 && store.errors.contains("trying folder"), "\(store.errors)")
    #expect(try Command.run(["models", "verify", "--store", "store"], in: space.folder).status == 0)

    try FileManager.default.removeItem(atPath: space.path("store"))
    try Data("changed".utf8).write(to: URL(fileURLWithPath: space.path("stick/yunet-n/yunet_n_dynamic.onnx")))
    let damaged = try pull("yunet-n", "--from", "stick", in: space)
    #expect(damaged.status == 69 && damaged.errors.contains("has sha256"), "\(damaged.errors)")
    let other = try pull("centerface", "--from", "stick", in: space)
    #expect(other.status == 69 && other.errors.contains("centerface/centerface.onnx"), "\(other.errors)")
    // Nothing else was asked.
    #expect(!other.errors.contains("Python package") && !other.errors.contains("official"))
    #expect((try? FileManager.default.contentsOfDirectory(atPath: space.path("store")))?.isEmpty != false)
  }

  @Test(
    "given a place that cannot be one, when pulled from, then the sentence says what may be given, without a password",
    arguments: [
      ("nothing-here", Int32(66), "is not a folder"), ("pipeline.json", 66, "is not a folder"),
      ("http://me:verysecret@127.0.0.1/", 64, "https://"), ("file:///tmp", 64, "https://"),
      ("https://me:verysecret@127.0.0.1/?a=b", 64, "https://"),
      // Nobody listens there.
      ("https://me:verysecret@127.0.0.1:1/models", 69, "curl"),
    ])
  func impossible(place: String, status: Int32, words: String) throws {
    let space = try Workspace()
    _ = try space.pipeline("")
    let result = try pull("yunet-n", "--from", place, in: space)
    #expect(result.status == status && result.errors.contains(words), "\(result.errors)")
    #expect(!result.errors.contains("verysecret"))
  }

  /// Serves the working folder over TLS, writes its port to the first argument.
  private static let server = """
    import functools, http.server, ssl, sys
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("cert.pem", "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    open(sys.argv[1], "w").write(f"{server.server_port}\\n")
    server.serve_forever()
    """

  @Test(
    "given an HTTPS address, when pulled from it, then files and stores below it are found, and its certificate counts",
    .enabled(if: models != nil && hasServer, "needs the data folder's models, openssl, python3 and curl"))
  func https() throws {
    let space = try Workspace()
    try Self.server.write(toFile: space.path("server.py"), atomically: true, encoding: .utf8)
    let result = try Command.shell(
      """
      set -e
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
        -subj /CN=here -addext subjectAltName=IP:127.0.0.1 2>/dev/null
      mkfifo port; mkdir files
      cp "$MODELS/yunet_n_dynamic.onnx" files/
      $E models pull yolox-nano --from "$MODELS" --store files
      # A test may run with SIGTERM blocked.
      /usr/bin/python3 server.py port >/dev/null 2>&1 & trap "kill -KILL $!" EXIT
      read -r port <port
      if $E models pull yunet-n --from "https://127.0.0.1:$port/files" --store store; then exit 99; fi
      export CURL_CA_BUNDLE=cert.pem
      $E models pull yunet-n yolox-nano --from "https://127.0.0.1:$port/files/" --store store
      $E models verify --store store
      if $E models pull yunet-n --from "https://127.0.0.1:$port/elsewhere" --store other; then exit 98; fi
      """, in: space.folder, environment: ["MODELS": Self.models?.path ?? "", "EDGEPIPE_MODELS_MIRROR": ""])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("yunet-n: ok") && result.output.contains("yolox-nano: ok"), "\(result.output)")
    #expect(result.errors.contains("certificate") && result.errors.contains("404"), "\(result.errors)")
  }
}
