import Foundation
import Testing

@testable import Detectors

@Suite struct ONNXRuntimeFailureTests {
  /// What the library really says of a file that is too new.
  private static let tooNew =
    "/onnxruntime_src/onnxruntime/core/graph/model.cc:182 onnxruntime::Model::Model(onnx::ModelProto&&, const "
    + "onnxruntime::PathString&, const IOnnxRuntimeOpSchemaRegistryList*, const onnxruntime::logging::Logger&, const "
    + "onnxruntime::ModelOptions&) Unsupported model IR version: 99, max supported IR version: 13\n"

  @Test func givenAReasonBehindAPlaceInTheSource_whenShown_thenTheReasonIsThereAndTheRemedyHelps() {
    let failure = ONNXRuntimeFailure(code: 1, message: Self.tooNew)
    #expect(failure.reason == "Unsupported model IR version: 99, max supported IR version: 13")
    #expect(failure.remedy.contains("older version"))
  }

  @Test(arguments: [
    "Load model from m.onnx failed:Protobuf parsing failed.",
    "Fatal error: foo:Bar(-1) is not a registered function/op",
    "/a/b.cc:7 ", "/a/b.cc:7 f(", "/a/b.h:1 f() ", "",
  ])
  func givenOtherMessages_whenShown_thenNothingOfTheReasonIsLost(message: String) {
    let reason = ONNXRuntimeFailure(code: 1, message: message).reason
    #expect(message.hasSuffix(reason) || reason == message.trimmingCharacters(in: .whitespaces), "\(reason)")
    #expect(message.isEmpty || !message.contains("failed") || reason.contains("failed"))
  }

  @Test func givenALongReason_whenShown_thenItsEndIsKept() {
    let failure = ONNXRuntimeFailure(code: 1, message: String(repeating: "x", count: 5000) + " expected 13")
    #expect(failure.reason.count < 700 && failure.reason.hasSuffix("expected 13"))
  }
}
