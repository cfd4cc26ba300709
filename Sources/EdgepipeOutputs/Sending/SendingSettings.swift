import EdgepipeCore
package import Pipeline
import Stages

/// The options that every sink that sends has beside its own.
package struct SendingSettings: ConfigurationObject {
  package var spool = SpoolSettings()
  package var batch = 500
  package var tries = 5
  package var retryMinS = 0.5
  package var retryMaxS = 30.0
  package var timeoutS = 10.0
  package var flushS = 5.0
  package var picture = "none"
  package var pictureHeight = 360

  package static let options: [ConfigurationOption<Self>] = [
    .init("spool", \.spool, .object(SpoolSettings.schema), "How results are kept that the receiver has not taken yet."),
    .init("batch", \.batch, .integer(1...10_000), "So many results are sent together, at most."),
    .init(
      "tries", \.tries, .integer(1...1000),
      "A result that the receiver refuses so often is put aside, and blocks no other."),
    .init("retryMinS", \.retryMinS, .number(0.01...3600), "The shortest pause after a failed attempt, in seconds."),
    .init("retryMaxS", \.retryMaxS, .number(0.01...3600), "The longest pause; pauses grow, with jitter."),
    .init("timeoutS", \.timeoutS, .number(0.1...600), "Seconds after which an attempt without an answer has failed."),
    .init(
      "flushS", \.flushS, .number(0...600), "Seconds for which the end of a run waits for what is left to be sent."),
    .init(
      "picture", \.picture, .word(["none", "frame"]),
      "`frame` adds the annotated picture to results of frames and events, as JPEG in base64."),
    .init(
      "pictureHeight", \.pictureHeight, .integer(16...4320),
      "The height of these pictures; never more than the frame's."),
  ]

  package init() {}

  var attachesPictures: Bool { picture != "none" }

  var rules: DeliveryRules {
    DeliveryRules(
      batch: batch, retryMinS: retryMinS, retryMaxS: max(retryMinS, retryMaxS), tries: tries, flushS: flushS)
  }
}
