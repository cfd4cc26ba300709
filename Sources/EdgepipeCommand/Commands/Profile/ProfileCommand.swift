import ArgumentParser
import EdgepipeCore
import EdgepipeMachine
import Foundation
import Measure
import Pipeline

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Runs a pipeline and reports where its time and energy go and what limits it.",
    discussion: """
      Runs like 'edgepipe run', until the input ends or until Ctrl-C. Then it prints two tables of the stages, by time \
      and by cost, the bottleneck, what it costs, and the settings that would relieve it.

        edgepipe profile pipelines/smart-camera.json --source street.mp4
        edgepipe profile pipelines/cameras.json --html out/profile.html --report out/report.json
        edgepipe profile pipelines/objects-only.json --set objects.workers=1 --trace out/trace.json

      Open a trace with https://ui.perfetto.dev or chrome://tracing.
      """)

  @OptionGroup var options: PipelineOptions

  @Option(
    help: ArgumentHelp("Writes the run report with the profile as JSON to this file.", valueName: "file"))
  var report: String?

  @Option(help: ArgumentHelp("Writes the profile as an HTML page to this file.", valueName: "file"))
  var html: String?

  @Option(help: ArgumentHelp("Writes the activity of each thread to this file, for Perfetto.", valueName: "file"))
  var trace: String?

  @Option(
    name: .customLong("trace-seconds"),
    help: ArgumentHelp("Seconds that the trace covers, from the start of the run.", valueName: "s"))
  var traceSeconds: Double = 60

  @Option(
    name: .customLong("power-profile"),
    help: ArgumentHelp(
      "The power profile of this machine: a built-in one, or a file from 'edgepipe devices calibrate'.",
      valueName: "name|file"))
  var powerProfile: String?

  @Flag(help: "Prints only errors.")
  var quiet = false

  @Flag(help: "Prints the report as JSON on standard output instead of the tables.")
  var json = false

  func validate() throws {
    guard traceSeconds > 0, traceSeconds <= 86_400 else {
      throw ValidationError("--trace-seconds must be above 0 and at most 86400 (a day)")
    }
  }

  func run() throws {
    let logger = Log.logger(level: quiet ? .error : .notice)
    let power = PowerSetup.standard(profile: try powerProfile.map { file in try .load(file) })
    let (counters, refusal) = Self.counters()
    let instruments = RunInstruments(
      spans: trace.map { _ in SpanRecorder(seconds: traceSeconds) }, counters: counters)
    let own: [FileUse] = [
      powerProfile.map { .reads($0, as: "the power profile") }, report.map { .writes($0, as: "--report") },
      html.map { .writes($0, as: "--html") }, trace.map { .writes($0, as: "--trace") },
    ].compactMap { $0 }
    let runner = try options.makeRunner(logger: logger, power: power, instruments: instruments, files: own)
    let profiler = RunProfiler(runner, instruments: instruments)
    let outcome = try RunSession(quiet: quiet, showsProgress: !quiet && !json).run(runner) { profiler.begin() }
    let profile = profiler.end(outcome)
    let notes = [refusal?.description, overflow(profile)].compactMap { $0 }
    // Whatever cannot be written, the run is over, and what it did is told.
    let (files, problem) = write(profile, notes)
    try RunEnding(report: report, quiet: quiet, json: json).finish(
      outcome, profile.snapshot.ledger,
      report: profile.report(version: Edgepipe.version, file: options.reportedFile, notes: notes),
      ProfileSummary(profile: profile, notes: notes, files: files).text)
    if let problem { throw problem }
  }

  /// The processor's counters, or why there are none.
  private static func counters() -> ((any PerformanceCounters)?, PipelineError?) {
    let counters = PerfEventCounters()
    do {
      _ = try counters.open()
      return (counters, nil)
    } catch {
      return (nil, error)
    }
  }

  private func overflow(_ profile: RunProfile) -> String? {
    guard let count = profile.recording?.overflow, count > 0 else { return nil }
    return "the trace was full: \(count) events were not recorded; a shorter --trace-seconds avoids that"
  }

  /// - Returns: the files that were written, and why another one was not.
  private func write(_ profile: RunProfile, _ notes: [String]) -> (files: [String], problem: (any Error)?) {
    var files: [String] = []
    do {
      if let trace, let recording = profile.recording {
        let file = ChromeTrace(
          pipeline: profile.plan.name, stages: profile.snapshot.stages.map(\.id), recording: recording,
          timeline: profile.timeline.samples.filter { $0.seconds <= traceSeconds })
        try WholeFile.write(to: trace) { try file.write($0) }
        files.append(trace)
      }
      if let html {
        let all = notes + (profile.snapshot.power?.notes ?? [])
        let page = ProfilePage(ProfileContent(profile, version: Edgepipe.version, notes: all)).html
        try WholeFile.write(to: html) { try $0(page) }
        files.append(html)
      }
      return (files, nil)
    } catch {
      return (files, error)
    }
  }
}
