import EdgepipeCore
package import Pipeline

/// How a sink that sends keeps what its receiver has not taken yet.
package struct SpoolSettings: ConfigurationObject {
  package static let fullWords = ["dropOldest", "block"]

  package var folder: String?
  package var maxMB = 256.0
  package var maxAgeH = 168.0
  package var whenFull = "dropOldest"

  package static let options: [ConfigurationOption<Self>] = [
    .init(
      "folder", \.folder, .string,
      "Where the spool's file is; by default `spool/<pipeline>` in the state folder (EDGEPIPE_STATE)."),
    .init("maxMB", \.maxMB, .number(0.1...100_000), "What waits takes no more than so many megabytes."),
    .init(
      "maxAgeH", \.maxAgeH, .number(0.001...100_000), "What waits longer than so many hours is given up, and counted."),
    .init(
      "whenFull", \.whenFull, .word(fullWords),
      "`dropOldest` gives up what has waited longest, and counts it; `block` takes no more frames until there is room, so "
        + "that files wait and cameras lose frames at their source."),
  ]

  package init() {}

  var maxBytes: Int { Int(maxMB * 1e6) }
  var blocks: Bool { whenFull == "block" }
}
