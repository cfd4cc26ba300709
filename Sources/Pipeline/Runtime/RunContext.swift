import EdgepipeCore
import EdgepipeMachine
import Logging

/// What everything in a run shares: every part that works on frames is given it whole.
struct RunContext: Sendable {
  /// Names this run among all others.
  let name: String
  let control: RunControl
  let ledger = Ledger()
  let census = ThreadCensus()
  let journal: Journal
  let options: OptionBoard
  let notices: RunNotices
  /// What stages have written for people to look at.
  let files: WrittenFiles
  let faults: FaultBoard
  /// At which share of live streams' frames detectors may look.
  let pace: DetectionPace
  /// What stages ask of the run.
  let requests = RequestDesk()
  /// Stages that wait for other machines.
  let stops = StopCalls()
  let pictures = PictureTap()
  let instruments: RunInstruments
  let logger: Logger
  /// Sources stay open for more streams until the run is stopped.
  let staysOpen: Bool

  var clock: any PipelineClock { control.clock }

  init(
    name: String, control: RunControl, journal: Journal, options: OptionBoard, pace: DetectionPace,
    instruments: RunInstruments, logger: Logger, staysOpen: Bool
  ) {
    (self.name, self.control, self.journal, self.options) = (name, control, journal, options)
    (self.instruments, self.logger, self.staysOpen) = (instruments, logger, staysOpen)
    self.pace = pace
    let notices = RunNotices()
    self.notices = notices
    files = WrittenFiles(notices)
    faults = FaultBoard(logger: logger) { notices.publish(.fault($0)) }
  }
}
