import EdgepipeCore

/// FFmpeg's options for an address, from a source's configuration.
struct NetworkOptions {
  let values: [String: String]

  /// - Throws: ``PipelineError`` `unavailable` with `endStream` when certificates must be checked and this FFmpeg
  ///   cannot.
  init(
    _ configuration: FFmpegSource.Configuration, scheme: String, isLive: Bool = false
  ) throws(PipelineError) {
    let microseconds = "\(Int64(configuration.timeoutS * 1e6))"
    var values: [String: String] = [:]
    if scheme.hasPrefix("rtsp") {
      // FFmpeg waits indefinitely by default; its timeouts are in microseconds, under a name of their own for RTSP.
      values["timeout"] = microseconds
      // A sound track would only cost bandwidth, and its losses would count as those of the pictures.
      values["allowed_media_types"] = "video"
      values["max_delay"] = "\(configuration.reorderMs * 1000)"
      // A key frame comes as one burst of packets; the system's usual buffer of 200 kB is smaller than that.
      values["buffer_size"] = "\(4 << 20)"
      switch configuration.transport {
      case .tcp: values["rtsp_transport"] = "tcp"
      case .udp: values["rtsp_transport"] = "udp"
      case .multicast: values["rtsp_transport"] = "udp_multicast"
      case .http: values["rtsp_transport"] = "http"
      case .auto:
        // The server answers at once whether it can do TCP, so that nothing has to run dry to find out.
        values["rtsp_transport"] = "tcp+udp"
        values["rtsp_flags"] = "prefer_tcp"
      }
    } else {
      values["rw_timeout"] = microseconds
      if isLive {
        // Half a second of stream and half a megabyte are enough to know what it is.
        values["analyzeduration"] = "500000"
        values["probesize"] = "500000"
      }
    }
    if scheme == "rtsps" || scheme == "https" { try Self.addTLS(configuration, scheme, to: &values) }
    self.values = values
  }

  private static func addTLS(
    _ configuration: FFmpegSource.Configuration, _ scheme: String, to values: inout [String: String]
  ) throws(PipelineError) {
    guard configuration.tlsVerify else { return }
    if scheme == "rtsps", !MediaOptions.demuxer("rtsp", has: "tls_verify") {
      throw PipelineError(
        "cannot check the certificate of the rtsps server: this FFmpeg's RTSP reader has no option for it",
        remedy: "use a newer FFmpeg, or set \"tlsVerify\": false to trust any server that answers",
        consequence: .endStream, code: .unavailable)
    }
    values["tls_verify"] = "1"
    if let file = configuration.tlsCAFile { values["ca_file"] = file }
  }
}
