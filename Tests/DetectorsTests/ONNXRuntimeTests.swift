import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import Detectors
@testable import EdgepipeCore

/// Finding the library: none is needed.
@Suite struct ONNXRuntimeSearchTests {
  private func expectOneLine(_ error: PipelineError?, mentions words: String...) {
    #expect(error?.exit == .unavailable)
    let text = error?.description ?? ""
    #expect(!text.contains("\n"))
    for word in words + ["scripts/setup"] { #expect(text.contains(word), "'\(word)' is missing in: \(text)") }
  }

  @Test func givenAnExplicitPathWithoutALibraryWhenOpenedThenOneLineNamesItAndTheRemedy() {
    let path = "/nonexistent/libonnxruntime.so"
    expectOneLine(#expect(throws: PipelineError.self) { try ONNXRuntimeEngine(libraryPath: path) }, mentions: path)
  }

  @Test func givenAFileThatIsNoLibraryWhenOpenedThenItIsMissing() throws {
    let folder = try TestData.temporaryFolder("library")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("libonnxruntime.so")
    try Data("no library".utf8).write(to: file)
    expectOneLine(#expect(throws: PipelineError.self) { try ONNXRuntimeEngine(libraryPath: file.path) })
  }

  static let compiler = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"].map { URL(fileURLWithPath: $0) }
    .first { FileManager.default.isExecutableFile(atPath: $0.path) }

  /// A library of our own that answers as an old one would, and one that has nothing to do with inference.
  @Test(.enabled(if: compiler != nil, "needs a C compiler"), arguments: [true, false])
  func givenALibraryThatDoesNotServeWhenOpenedThenOneLineSaysWhy(isOld: Bool) throws {
    let folder = try TestData.temporaryFolder("library")
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appendingPathComponent("old.c"), library = folder.appendingPathComponent("libonnxruntime.so")
    let code = """
      static const void *get(unsigned version) { (void)version; return 0; }
      static const char *name(void) { return "1.2.3"; }
      static const struct { const void *(*get)(unsigned); const char *(*name)(void); } base = { get, name };
      const void *\(isOld ? "OrtGetApiBase" : "SomethingElse")(void) { return &base; }
      """
    try Data(code.utf8).write(to: source)
    let built = try TestData.run(
      try #require(Self.compiler), ["-shared", "-fPIC", "-o", library.path, source.path])
    try #require(built.status == 0)
    let error = #expect(throws: PipelineError.self) { try ONNXRuntimeEngine(libraryPath: library.path) }
    if isOld {
      expectOneLine(error, mentions: "1.2.3", "too old")
    } else {
      expectOneLine(error, mentions: "OrtGetApiBase")
    }
  }

  @Test func givenAPathInTheEnvironmentWhenSearchedThenNothingElseIsTried() {
    let variable = ["EDGEPIPE_ONNXRUNTIME": "/some/lib.so"]
    #expect(ONNXRuntimeSearch.candidates(explicitPath: nil, environment: variable) == ["/some/lib.so"])
    #expect(ONNXRuntimeSearch.candidates(explicitPath: "/mine.so", environment: variable) == ["/mine.so"])
    let found = ONNXRuntimeSearch.candidates(explicitPath: nil, environment: [:])
    #expect(found.last == "libonnxruntime.dylib" && found.contains("libonnxruntime.so"))
  }

  @Test func givenALazyEngineWhenOnlyMadeThenNothingIsOpenedAndAFailureIsKept() {
    let engine = LazyEngine.onnxRuntime(libraryPath: "/nonexistent/lib.so")
    #expect(engine.version == "not loaded")
    for _ in 0..<2 {
      let error = #expect(throws: PipelineError.self) {
        try engine.makeSession(model: Data(), options: SessionOptions(modelName: "m"))
      }
      #expect(error?.exit == .unavailable)
    }
  }
}

/// Running models, and refusing those that cannot be run.
@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs .deps/lib/libonnxruntime.so")) struct ONNXRuntimeTests {
  private func open(_ model: Data, name: String = "m.onnx") throws -> any InferenceSession {
    let library = try #require(TestData.onnxRuntimeLibrary)
    return try ONNXRuntimeEngine(libraryPath: library.path)
      .makeSession(model: model, options: SessionOptions(modelName: name))
  }

  @Test func givenTheLibraryWhenOpenedThenItsVersionIsKnown() throws {
    let library = try #require(TestData.onnxRuntimeLibrary)
    let version = try ONNXRuntimeEngine(libraryPath: library.path).version
    #expect(version.wholeMatch(of: /onnxruntime 1\.[0-9]+\.[0-9]+.*/) != nil)
  }

  @Test(.enabled(if: TestData.model("yolox_nano.onnx") != nil, "needs models/yolox_nano.onnx of the test data"))
  func givenAModelCutShortWhenOpenedThenItIsRefusedWithTheReason() throws {
    let whole = try Data(contentsOf: #require(TestData.model("yolox_nano.onnx")))
    for length in [0, 1, 100, whole.count / 2, whole.count - 1] {
      let error = #expect(throws: PipelineError.self) { try open(whole.prefix(length), name: "cut") }
      #expect(error?.exit == .dataError)
      #expect(error?.message.contains("'cut'") == true)
      #expect(error?.description.contains("\n") == false)
    }
  }

  /// A flipped bit can hit a weight, which nobody can see, or the structure: then the model is refused, never a crash.
  @Test(.enabled(if: TestData.model("yunet_n_dynamic.onnx") != nil, "needs models/ of the test data"))
  func givenFlippedBitsWhenOpenedThenTheModelIsRefusedOrRuns() throws {
    let whole = try Data(contentsOf: #require(TestData.model("yunet_n_dynamic.onnx")))
    var random = SplitMix64(seed: 15), refused = 0
    for _ in 0..<40 {
      var damaged = whole
      let position = Int.random(in: 0..<4000, using: &random)
      damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      do {
        let session = try open(damaged)
        try session.run(Tensor(shape: [1, 3, 32, 32], pool: BufferPool())) { (_: borrowing ModelOutputs) in }
      } catch let error as PipelineError {
        #expect(error.exit == .dataError || error.exit == .software, "\(error)")
        refused += 1
      }
    }
    #expect(refused > 0)
  }

  @Test(.enabled(if: TestData.python != nil, "needs .deps/python with onnx"))
  func givenModelsWithAFaultWhenUsedThenEachIsRefusedOrCounted() throws {
    let folder = try TestData.temporaryFolder("faulty")
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Golden/faulty_models.py")
    try #require(TestData.run(#require(TestData.python), [script.path, folder.path]).status == 0)
    func model(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent("\(name).onnx")) }

    for (name, word) in [
      ("batch", "[10, 3, 32, 32]"), ("gray", "[1, 1, 32, 32]"), ("flat", "[1, 3072]"),
      ("double", "neither float32 nor float16"), ("two", "2 inputs"),
    ] {
      let error = #expect(throws: PipelineError.self) { try open(model(name), name: name) }
      #expect(error?.exit == .dataError)
      #expect(error?.message.contains(word) == true, "\(name): \(error?.message ?? "accepted")")
    }

    let manifest = ModelManifest.test(.yolox)
    func detector(_ name: String) throws -> Detector {
      try Detector(session: open(model(name), name: name), manifest: manifest, options: DetectorOptions())
    }
    let input = identityInput(width: 32, height: 32, format: manifest.input)
    // Cell 3 of stride 8: centre (3.5, 0.5) x 8, size 8 x 8.
    let sound = try detector("sound").detect(input)
    #expect(sound.map(\.box) == [Box(x: 24, y: 0, width: 8, height: 8)])
    #expect(sound.map(\.label) == ["face"])
    let bytes = zeros(shape: [1, 3, 32, 32], element: .uint8)
    let byteInput = identityInput(width: 32, height: 32, format: manifest.input, tensor: bytes)
    #expect(try detector("bytes").detect(byteInput).count == 1)
    let halves = zeros(shape: [1, 3, 32, 32], element: .float16)
    let halfInput = identityInput(width: 32, height: 32, format: manifest.input, tensor: halves)
    #expect(try detector("half").detect(halfInput).count == 1)
    // Six boxes of NaN, one infinite and one NaN objectness: counted in every frame, and the sound box is still found.
    let wild = try detector("nan")
    for frame in 1...2 {
      #expect(try wild.detect(input).count == 1)
      #expect(wild.nonFinite == 8 * frame)
    }
    // 20 rows instead of the 21 that a picture of 32x32 gives: noticed with the first outputs.
    let rows = try detector("rows")
    let mismatch = #expect(throws: PipelineError.self) { try rows.detect(input) }
    #expect(mismatch?.exit == .dataError)
    #expect(mismatch?.message.contains("1x21x6") == true)
    let large = identityInput(width: 64, height: 64, format: manifest.input)
    #expect(throws: PipelineError.self) { try detector("sound").detect(large) }
  }

  @Test func givenThreadsThatOpenAndCloseEngines_whenAllDoAtOnce_thenNoneIsRefused() throws {
    let library = try #require(TestData.onnxRuntimeLibrary)
    let refusals = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 400) { _ in
      do { _ = try ONNXRuntimeEngine(libraryPath: library.path) } catch { refusals.withLock { $0.append("\(error)") } }
    }
    #expect(refusals.withLock { $0 } == [])
  }
}
