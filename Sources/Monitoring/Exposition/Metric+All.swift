/// Every metric of the page, in its order. docs/monitoring.md explains them, and a test compares the two.
extension Metric {
  static let all: [Metric] = run + stages + remote + streams + ledger + faultMetrics + power + process + machine

  // MARK: The run

  static let buildInfo = Metric(
    "edgepipe_build_info", .gauge, labels: ["version", "engine"],
    help: "Always 1: the version of edgepipe and of the inference library.")
  static let pipelineInfo = Metric(
    "edgepipe_pipeline_info", .gauge, labels: ["pipeline"], help: "Always 1: the name in the pipeline file.")
  static let runSeconds = Metric(
    "edgepipe_run_seconds", .gauge, help: "Time since all stages were ready, or since the start until they are.")
  private static let run = [buildInfo, pipelineInfo, runSeconds]

  // MARK: Stages

  static let stageInfo = Metric(
    "edgepipe_stage_info", .gauge, labels: ["stage", "type", "role"], help: "Always 1: what the stage is.")
  static let stageWorkers = Metric(
    "edgepipe_stage_workers", .gauge, labels: ["stage"], help: "Threads that work on the stage's frames.")
  static let stageFramesIn = Metric(
    "edgepipe_stage_frames_in_total", .counter, labels: ["stage"], help: "Frames that arrived at the stage.")
  static let stageFramesOut = Metric(
    "edgepipe_stage_frames_out_total", .counter, labels: ["stage"],
    help: "Frames that the stage passed on or, for a sink, delivered.")
  static let stageFramesDropped = Metric(
    "edgepipe_stage_frames_dropped_total", .counter, labels: ["stage", "reason"],
    help: "Frames that the stage or its queue dropped on purpose.")
  static let stageFramesFailed = Metric(
    "edgepipe_stage_frames_failed_total", .counter, labels: ["stage"], help: "Frames lost to an error of the stage.")
  static let stageDetections = Metric(
    "edgepipe_stage_detections_total", .counter, labels: ["stage"], help: "Objects that the stage detected.")
  static let stageIncidents = Metric(
    "edgepipe_stage_incidents_total", .counter, labels: ["stage", "incident"],
    help: "What else the stage counts, such as damaged frames or lost packets.")
  static let stageService = Metric(
    "edgepipe_stage_service_seconds", .histogram, labels: ["stage"],
    help: "Work on one frame that was passed on; for a source, the time that it took to make one.")
  static let stageQueueWait = Metric(
    "edgepipe_stage_queue_wait_seconds", .histogram, labels: ["stage"],
    help: "Time in the stage's queue of a frame that was passed on.")
  static let stageQueueFrames = Metric(
    "edgepipe_stage_queue_frames", .gauge, labels: ["stage"], help: "Frames that wait in the stage's queue.")
  static let stageQueueHighest = Metric(
    "edgepipe_stage_queue_frames_highest", .gauge, labels: ["stage"],
    help: "The most frames that have waited in the stage's queue at once.")
  static let stageCPU = Metric(
    "edgepipe_stage_cpu_seconds_total", .counter, labels: ["stage"],
    help: "CPU time of all threads of the stage, those of libraries and loading models included.")
  private static let stages = [
    stageInfo, stageWorkers, stageFramesIn, stageFramesOut, stageFramesDropped, stageFramesFailed, stageDetections,
    stageIncidents, stageService, stageQueueWait, stageQueueFrames, stageQueueHighest, stageCPU,
  ]

  // MARK: Streams

  static let streamInfo = Metric(
    "edgepipe_stream_info", .gauge, labels: ["stream", "source", "live"],
    help: "Always 1: the stage that owns the stream, and whether it is live.")
  static let streamState = Metric(
    "edgepipe_stream_state", .gauge, labels: ["stream", "state"],
    help: "1 for the state that the stream is in, 0 for the others.")
  static let streamFaults = Metric(
    "edgepipe_stream_faults_total", .counter, labels: ["stream"],
    help: "How often streaming was interrupted.")
  static let streamAdmitted = Metric(
    "edgepipe_stream_frames_admitted_total", .counter, labels: ["stream"], help: "Frames that entered the pipeline.")
  static let streamFrames = Metric(
    "edgepipe_stream_frames_total", .counter, labels: ["stream", "fate"],
    help: "Frames by outcome; with those in flight they add up to the admitted ones.")
  static let streamInFlight = Metric(
    "edgepipe_stream_frames_in_flight", .gauge, labels: ["stream"], help: "Frames in the pipeline.")
  static let streamDetected = Metric(
    "edgepipe_stream_frames_detected_total", .counter, labels: ["stream"], help: "Frames that a detector processed.")
  static let streamLatency = Metric(
    "edgepipe_stream_latency_seconds", .histogram, labels: ["stream"],
    help: "From capture to the end of the last sink's work, delivered frames only.")
  static let streamQueueing = Metric(
    "edgepipe_stream_queueing_seconds", .histogram, labels: ["stream"],
    help: "Time in queues on the way, delivered frames only.")
  static let streamDeadline = Metric(
    "edgepipe_stream_deadline_seconds", .gauge, labels: ["stream"],
    help: "The time from capture to delivery that the stream's frames have.")
  static let streamWithDeadline = Metric(
    "edgepipe_stream_deadline_frames_total", .counter, labels: ["stream"], help: "Admitted frames that had a deadline.")
  static let streamInTime = Metric(
    "edgepipe_stream_in_time_frames_total", .counter, labels: ["stream"], help: "Frames delivered by their deadline.")
  static let streamLate = Metric(
    "edgepipe_stream_late_frames_total", .counter, labels: ["stream"], help: "Frames delivered after their deadline.")
  static let streamPosition = Metric(
    "edgepipe_stream_position_seconds", .gauge, labels: ["stream"], help: "Media time of the latest frame.")
  static let streamDuration = Metric(
    "edgepipe_stream_duration_seconds", .gauge, labels: ["stream"], help: "Length of the input, where it is known.")
  private static let streams = [
    streamInfo, streamState, streamFaults, streamAdmitted, streamFrames, streamInFlight, streamDetected, streamLatency,
    streamQueueing, streamDeadline, streamWithDeadline, streamInTime, streamLate, streamPosition, streamDuration,
  ]

  // MARK: The ledger

  static let admitted = Metric(
    "edgepipe_frames_admitted_total", .counter, help: "Frames that entered the pipeline, all streams together.")
  static let delivered = Metric(
    "edgepipe_frames_delivered_total", .counter, help: "Frames that reached every sink that they were meant for.")
  static let dropped = Metric(
    "edgepipe_frames_dropped_total", .counter, labels: ["stage", "reason"],
    help: "Frames dropped on purpose, each counted at the first place that lost it.")
  static let failed = Metric(
    "edgepipe_frames_failed_total", .counter, labels: ["stage"],
    help: "Frames lost to an error, each counted at the first place that lost it.")
  static let inFlight = Metric("edgepipe_frames_in_flight", .gauge, help: "Frames in the pipeline.")
  static let balanced = Metric(
    "edgepipe_ledger_balanced", .gauge,
    help: "1 while admitted = delivered + dropped + failed + in flight, else 0: an internal error of edgepipe.")
  private static let ledger = [admitted, delivered, dropped, failed, inFlight, balanced]

  // MARK: Faults

  static let faults = Metric(
    "edgepipe_faults_total", .counter, labels: ["fault", "stage", "stream"],
    help: "Faults that were noticed, such as a covered camera; lost connections are counted by stream.")
  static let faultActive = Metric(
    "edgepipe_fault_active", .gauge, labels: ["fault", "stage", "stream"],
    help: "1 while the fault goes on, 0 before and after.")
  private static let faultMetrics = [faults, faultActive]

  // MARK: Power

  static let powerWatts = Metric(
    "edgepipe_power_watts", .gauge, labels: ["method"],
    help: "Mean power over about the last second; method profile is an estimate.")
  static let energyJoules = Metric(
    "edgepipe_energy_joules_total", .counter, labels: ["method"],
    help: "Energy since all stages were ready; method profile is an estimate.")
  static let powerBudget = Metric(
    "edgepipe_power_budget_watts", .gauge, help: "budget.powerW of the pipeline file, where it is set.")
  private static let power = [powerWatts, energyJoules, powerBudget]

  // MARK: The process and the machine

  static let processCPU = Metric(
    "process_cpu_seconds_total", .counter, help: "CPU time of the process, user and system.")
  static let processResident = Metric(
    "process_resident_memory_bytes", .gauge, help: "Memory of the process that is in RAM.")
  static let processVirtual = Metric("process_virtual_memory_bytes", .gauge, help: "Address space of the process.")
  static let processOpenFiles = Metric("process_open_fds", .gauge, help: "Open file descriptors.")
  static let processMaximumFiles = Metric("process_max_fds", .gauge, help: "The limit on open file descriptors.")
  static let processThreads = Metric("process_threads", .gauge, help: "Threads of the process.")
  static let processStart = Metric(
    "process_start_time_seconds", .gauge, help: "When the process started, in seconds since 1970.")
  private static let process = [
    processCPU, processResident, processVirtual, processOpenFiles, processMaximumFiles, processThreads, processStart,
  ]

  static let memoryLimit = Metric(
    "edgepipe_memory_limit_bytes", .gauge,
    help: "Memory that the process may have: the limit of its control group, or all of the machine's.")
  static let machineMemory = Metric("edgepipe_machine_memory_bytes", .gauge, help: "RAM of the machine.")
  static let machineAvailable = Metric(
    "edgepipe_machine_memory_available_bytes", .gauge,
    help: "RAM that programs can still get without swapping, as the kernel estimates it.")
  private static let machine = [memoryLimit, machineMemory, machineAvailable]
}
