import CFFmpeg
import EdgepipeCore

/// FFmpeg's text for one of its error codes.
func avErrorText(_ code: Int32) -> String {
  var text = [CChar](repeating: 0, count: 128)
  // SAFETY: `av_strerror` writes at most the given count of bytes, terminated.
  _ = unsafe text.withUnsafeMutableBufferPointer { unsafe av_strerror(code, $0.baseAddress, $0.count) }
  return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The one place where FFmpeg's status codes become errors: returns codes >= 0, throws for the rest.
@discardableResult
func avCheck(
  _ code: Int32, _ attempt: @autoclosure () -> String, remedy: String? = nil,
  consequence: ErrorConsequence = .stopPipeline, code fault: PipelineError.Code = .malformed
) throws(PipelineError) -> Int32 {
  if code >= 0 { return code }
  throw PipelineError("\(attempt()): \(avErrorText(code))", remedy: remedy, consequence: consequence, code: fault)
}
