/// Of stages whose model runs on servers too.
extension Metric {
  static let placeFrames = Metric(
    "edgepipe_place_frames_total", .counter, labels: ["stage", "place"],
    help: "Frames whose inference was done here (edge) or on a server (cloud).")
  static let placeFellBack = Metric(
    "edgepipe_place_fell_back_total", .counter, labels: ["stage"],
    help: "Frames that were done here because no server had answered.")
  static let placeUnanswered = Metric(
    "edgepipe_place_unanswered_total", .counter, labels: ["stage"],
    help: "Frames that went on without results because no place had answered.")
  static let remoteBytes = Metric(
    "edgepipe_remote_bytes_total", .counter, labels: ["stage", "direction"],
    help: "Bytes of requests (sent) and answers (received).")
  static let remoteLateAnswers = Metric(
    "edgepipe_remote_late_answers_total", .counter, labels: ["stage"],
    help: "Answers that came when the frame had gone another way, and were dropped.")
  static let serverUp = Metric(
    "edgepipe_server_up", .gauge, labels: ["stage", "server"], help: "1 while the server gets frames.")
  static let serverRequests = Metric(
    "edgepipe_server_requests_total", .counter, labels: ["stage", "server", "outcome"],
    help: "Requests that were answered, came late or failed.")
  static let serverForecast = Metric(
    "edgepipe_server_forecast_seconds", .gauge, labels: ["stage", "server", "percentile"],
    help: "What the next request will take, by the last ones.")
  static let serverRoundTrip = Metric(
    "edgepipe_server_round_trip_seconds", .gauge, labels: ["stage", "server"],
    help: "The median of the smallest requests.")
  static let serverBandwidth = Metric(
    "edgepipe_server_bandwidth_bytes_per_second", .gauge, labels: ["stage", "server"],
    help: "At least this: the server's own time is in it.")
  static let serverLoss = Metric(
    "edgepipe_server_loss_ratio", .gauge, labels: ["stage", "server"], help: "The share of requests without an answer.")
  static let serverLimit = Metric(
    "edgepipe_server_in_flight_limit", .gauge, labels: ["stage", "server"],
    help: "How many requests may be on their way.")

  static let remote = [
    placeFrames, placeFellBack, placeUnanswered, remoteBytes, remoteLateAnswers, serverUp, serverRequests,
    serverForecast, serverRoundTrip, serverBandwidth, serverLoss, serverLimit,
  ]
}
