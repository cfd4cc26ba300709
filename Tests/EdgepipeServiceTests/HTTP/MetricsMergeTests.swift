import Testing

@testable import EdgepipeService

@Suite("One page of metrics for all runs")
struct MetricsMergeTests {
  @Test("given the pages of two runs, when merged, then samples of a metric stand together, each with its pipeline")
  func together() {
    var merge = MetricsMerge()
    merge.add(
      page: "# HELP a First.\n# TYPE a gauge\na 1\n# HELP b Second.\n# TYPE b counter\nb{x=\"1\"} 2\n", of: "one")
    merge.add(page: "# HELP a First.\n# TYPE a gauge\na 3\n# HELP b Second.\n# TYPE b counter\nb{} 4\n", of: "two")
    #expect(
      merge.text == """
        # HELP a First.
        # TYPE a gauge
        a{pipeline="one"} 1
        a{pipeline="two"} 3
        # HELP b Second.
        # TYPE b counter
        b{pipeline="one",x="1"} 2
        b{pipeline="two"} 4

        """)
  }

  @Test("given a sample with a label 'pipeline', when merged, then that one becomes 'exported_pipeline'")
  func clash() {
    var merge = MetricsMerge()
    merge.add(page: "# TYPE i gauge\ni{pipeline=\"x y\"} 1\n", of: "one")
    #expect(merge.text.contains("i{pipeline=\"one\",exported_pipeline=\"x y\"} 1\n"))
  }

  @Test("given the service's own metrics, when one has no samples, then it is not on the page")
  func own() {
    var merge = MetricsMerge()
    merge.add("n", "counter", "None.") { [] }
    merge.add("r", "gauge", "Runs.") { [("pipeline=\"a\"", 1)] }
    #expect(merge.text == "# HELP r Runs.\n# TYPE r gauge\nr{pipeline=\"a\"} 1\n")
  }
}
