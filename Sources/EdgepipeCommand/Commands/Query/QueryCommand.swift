#if Senders
  import ArgumentParser
  import EdgepipeCore
  import EdgepipeOutputs

  /// `edgepipe query`: answers from a results database.
  struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "query",
      abstract: "Answers questions from the database of a sink.sqlite.",
      discussion: """
        Questions:
        \(ReadyQuestion.allCases.map { "  \($0.rawValue.padded(to: 9))\($0.summary)" }.joined(separator: "\n"))

          edgepipe query out/results.db
          edgepipe query out/results.db who --zone door --date yesterday
          edgepipe query out/results.db counts --by label --since 24h
          edgepipe query out/results.db counts --zone gate --format csv
          edgepipe query out/results.db stays --label person --limit 10
          edgepipe query out/results.db events --kind line.cross --since 12h
          edgepipe query out/results.db --sql "SELECT count(*) FROM tracks"

        Times are read and shown in this machine's time zone, with --utc in UTC. They are those at which frames were \
        captured: of a video file, when it was processed. The database may be read while pipelines write it, and is \
        never changed. docs/query.md describes its tables.
        """)

    @Argument(help: "The database file.", completion: .file())
    var database: String

    @Argument(help: "The question; without one, streams.")
    var question: ReadyQuestion?

    @Option(help: ArgumentHelp("Only this zone or line.", valueName: "name"))
    var zone: String?

    @Option(help: ArgumentHelp("Only this stream.", valueName: "name"))
    var stream: String?

    @Option(help: ArgumentHelp("Only things with this label.", valueName: "name"))
    var label: String?

    @Option(help: ArgumentHelp("Only events of this kind, such as zone.enter.", valueName: "kind"))
    var kind: String?

    @Option(help: ArgumentHelp("Splits the counts by stream, label, zone or kind.", valueName: "column"))
    var by: QueryFilter.Field?

    @Option(help: ArgumentHelp("Only this day: today, yesterday or 2026-01-31.", valueName: "day"))
    var date: String?

    @Option(
      help: ArgumentHelp("Only from then on: 2026-01-31, 2026-01-31T08:00, or 90m, 12h, 7d ago.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only before then.", valueName: "time"))
    var until: String?

    @Flag(help: "Reads and shows times in UTC.")
    var utc = false

    @Option(
      help: ArgumentHelp("Runs one SELECT statement instead of a question.", valueName: "statement"))
    var sql: String?

    @Option(help: ArgumentHelp("Shows at most so many rows; 0: all.", valueName: "rows"))
    var limit = 100

    @Option(help: ArgumentHelp("table, csv or json.", valueName: "format"))
    var format = Format.table

    @Option(help: ArgumentHelp("Gives up after so many seconds.", valueName: "seconds"))
    var timeLimit = 60.0

    enum Format: String, ExpressibleByArgument, CaseIterable {
      case table
      case csv
      case json
    }

    func validate() throws {
      guard (0...1_000_000_000).contains(limit) else { throw ValidationError("--limit must be 0 to 1000000000") }
      guard timeLimit > 0, timeLimit <= 86_400 else {
        throw ValidationError("--time-limit must be above 0 and at most 86400")
      }
      guard date == nil || since == nil && until == nil else {
        throw ValidationError("--date cannot be combined with --since and --until")
      }
      if sql != nil {
        let others: [Any?] = [question, zone, stream, label, kind, by, date, since, until]
        guard others.allSatisfy({ $0 == nil }) else {
          throw ValidationError("--sql cannot be combined with a question and its options")
        }
      }
      let asked = question ?? .streams
      let given: [(QueryFilter.Field, String?)] = [(.zone, zone), (.stream, stream), (.label, label), (.kind, kind)]
      for (name, value) in given where value != nil && !asked.filters.contains(name) {
        let taken = QueryFilter.Field.allCases.filter(asked.filters.contains).map { "--\($0.rawValue)" }
        throw ValidationError(
          "'\(asked.rawValue)' takes no --\(name.rawValue); it takes \(taken.joined(separator: ", "))")
      }
      guard by == nil || question == .counts else { throw ValidationError("--by belongs to the question 'counts'") }
    }

    func run() throws {
      let clock: QueryZone = utc ? .utc : .local
      var filter = QueryFilter()
      (filter.zone, filter.stream, filter.label, filter.kind, filter.grouping) = (zone, stream, label, kind, by)
      filter.period = try QueryPeriod(
        date: date, since: since, until: until, zone: clock, now: SystemClock().wallTime())
      let query = try ResultQuery(path: database, timeLimitS: timeLimit)
      let rows = limit == 0 ? nil : limit
      let result =
        if let sql {
          try query.select(sql, limit: rows)
        } else {
          try query.answer(question ?? .streams, filter, limit: rows)
        }
      print(result, clock)
      if result.isCut { Terminal.note("there are more rows; --limit 0 shows all") }
    }

    private func print(_ result: QueryResult, _ clock: QueryZone) {
      switch format {
      // The line's end is printed with it.
      case .csv: Terminal.out(String(decoding: result.csv(clock).utf8.dropLast(), as: UTF8.self))
      case .json: Terminal.out(String(decoding: result.json(clock).utf8.dropLast(), as: UTF8.self))
      case .table:
        if result.rows.isEmpty { return Terminal.note("nothing was found") }
        var table = Table(
          result.columns, alignment: result.columns.indices.map { result.isNumeric($0) ? .right : .left })
        for cells in result.cells(clock) { table.add(cells) }
        Terminal.out(table.text)
      }
    }
  }

  extension ReadyQuestion: ExpressibleByArgument {}
  extension QueryFilter.Field: ExpressibleByArgument {}

  extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
  }
#endif
