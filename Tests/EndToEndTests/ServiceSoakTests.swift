import PipelineTestSupport
import Testing

/// `scripts/soak-service` for a minute. The kinds of faults that take a minute each are in the long run (docs/faults.md).
@Suite("Faults of a service, at random", .enabled(if: FaultRow.isAvailable, "\(FaultRow.needs)"))
struct ServiceSoakTests {
  @Test(
    "given a service with pipelines, when faults come at random, then each is told once and mended, and healthy ones go on",
    .enabled(if: ServiceSpace.clip != nil, "needs the data folder"))
  func faults() throws {
    try FaultRow.expectServiceHolds(faults: 10, rows: ["ended", "stuck", "disk"])
  }
}
