#if WebServer
  import EdgepipeCore
  import Hummingbird
  import Pipeline

  extension ServiceContent {
    private static let lines = Endpoint.Answer(
      status: .ok, type: "text/plain", summary: "A line of text.", schema: Shape.text)

    var healthEndpoints: [Endpoint] {
      [
        Endpoint(
          method: .get, path: "/healthz", id: "isAlive", tag: "health", role: .anyone,
          summary: "Whether the supervisor works.", answer: Self.lines
        ) { _ in Self.plain(.ok, "ok") },
        Endpoint(
          method: .get, path: "/readyz", id: "isReady", tag: "health", role: .anyone,
          summary: "Whether all pipelines that should run do.", answer: Self.lines, refusals: [.serviceUnavailable]
        ) { _ in
          let all = supervisor.keepers.withLock { $0 }, late = all.count { !$0.isReady }
          if late == 0 { return Self.plain(.ok, "ok") }
          // Anybody may ask: no names.
          throw PipelineError("\(late) of \(all.count) pipelines do not run", code: .unavailable)
        },
        Endpoint(
          method: .get, path: "/metrics", id: "getMetrics", tag: "health", role: .viewer,
          summary: "The metrics of the service and of all runs for Prometheus, with a label 'pipeline'.",
          answer: Endpoint.Answer(
            status: .ok, type: "text/plain", summary: "Prometheus's text format, version 0.0.4.", schema: Shape.text)
        ) { _ in
          let text = try await blocking.run { metrics() }
          return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        },
        Endpoint(
          method: .get, path: "/v1/openapi.json", id: "getInterface", tag: "health", role: .anyone,
          summary: "This description.", answer: .json(Shape.anything, "An OpenAPI 3.1 document.")
        ) { _ in .json(OpenAPIDocument.value(endpoints)) },
      ]
    }

    private static func plain(_ status: HTTPResponse.Status, _ text: String) -> Response {
      Response(
        status: status, headers: [.contentType: "text/plain; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
    }

    private func metrics() -> String {
      var merge = MetricsMerge()
      let pipelines = supervisor.pipelines
      merge.add("edgepipe_service_pipeline_running", "gauge", "Whether the pipeline's run answers (1) or not (0).") {
        pipelines.map { ("pipeline=\"\($0.name)\"", $0.phase == .running ? 1 : 0) }
      }
      merge.add("edgepipe_service_restarts_total", "counter", "Starts of the pipeline after the first one.") {
        pipelines.map { ("pipeline=\"\($0.name)\"", $0.restarts) }
      }
      let faults = supervisor.faults.current.sorted {
        ($0.key.fault, $0.key.pipeline) < ($1.key.fault, $1.key.pipeline)
      }
      func labels(_ key: FaultBook.Key) -> String { "fault=\"\(key.fault)\",pipeline=\"\(key.pipeline)\"" }
      merge.add(
        "edgepipe_service_faults_total", "counter",
        "Faults of runs and of the machine that the service has noticed; an empty pipeline is the machine."
      ) { faults.map { (labels($0.key), $0.value.total) } }
      merge.add("edgepipe_service_fault_active", "gauge", "1 while the fault goes on, 0 after.") {
        faults.map { (labels($0.key), $0.value.isActive ? 1 : 0) }
      }
      let refusals = refusals.all.sorted { $0.key < $1.key }
      merge.add("edgepipe_service_refused_requests_total", "counter", "Requests that were refused, by status.") {
        refusals.map { ("status=\"\($0.key)\"", $0.value) }
      }
      for pipeline in pipelines where pipeline.phase == .running || pipeline.phase == .draining {
        guard let keeper = supervisor.keeper(pipeline.name),
          let answer = try? ControlClient(path: keeper.folder.socket, patienceMs: 2000).ask("metrics"),
          case .string(let text)? = answer["text"]
        else { continue }
        merge.add(page: text, of: pipeline.name)
      }
      return merge.text
    }
  }
#endif
