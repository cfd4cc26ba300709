import EdgepipeCore
import GRDB

/// A results database that is read, also while runs write it.
package final class ResultQuery: Sendable {
  let path: String
  private let queue: DatabaseQueue
  /// After so many seconds an answer is given up.
  private let timeLimitS: Double

  /// Opens the file for reading alone.
  ///
  /// - Throws: `notFound` where there is none, `malformed` where it is no results database, `unsupported` where it is one of
  ///   another version.
  package init(path: String, timeLimitS: Double = 60) throws {
    self.path = path
    self.timeLimitS = timeLimitS
    switch FilePlace(path) {
    case .file, .other: break
    case .folder:
      throw PipelineError("'\(path)' is a folder", remedy: "give the path of a database in it", code: .notFound)
    default:
      throw PipelineError(
        "cannot open '\(path)': no such file",
        remedy: "give the path of the database that a sink.sqlite writes", code: .notFound)
    }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    do {
      queue = try DatabaseQueue(path: path, configuration: configuration)
      try queue.read { db in
        guard try Int.fetchOne(db, sql: "PRAGMA application_id") == DatabaseSchema.applicationID else {
          throw DatabaseFailure.foreign(path)
        }
        if try DatabaseSchema.migrator.hasBeenSuperseded(db) { throw DatabaseFailure.newer(path) }
        if try !DatabaseSchema.migrator.hasCompletedMigrations(db) {
          throw PipelineError(
            "the database '\(path)' was made by an older edgepipe",
            remedy: "run a pipeline that writes it once: that brings it up to date", code: .unsupported)
        }
      }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
      throw DatabaseFailure.foreign(path)
    } catch let error as DatabaseError where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode) {
      throw PipelineError(
        "cannot open '\(path)': \(error.message ?? "it cannot be read")",
        remedy: "this user must be able to read it, and to write in its folder, where readers and writers agree",
        code: .notFound)
    } catch { throw DatabaseFailure.described(error, "read", path) }
  }

  /// Answers one of the ready questions.
  ///
  /// - Parameter limit: of the rows; nil: all.
  /// - Throws: `invalidArgument` for a zone, stream, label or kind that the database does not know.
  package func answer(_ question: ReadyQuestion, _ filter: QueryFilter, limit: Int?) throws -> QueryResult {
    try read { db in
      try filter.check(db, path)
      let query = question.query(filter)
      return try Self.rows(
        of: db.makeStatement(sql: query.sql + (limit.map { " LIMIT \($0 + 1)" } ?? "")), query.arguments, limit: limit)
    }
  }

  /// Answers one statement of SQL that only reads.
  ///
  /// - Throws: `invalidArgument` for anything else.
  package func select(_ sql: String, limit: Int?) throws -> QueryResult {
    try read { db in
      let statement: Statement
      do { statement = try db.makeStatement(sql: sql) } catch let error as DatabaseError {
        throw PipelineError(
          "cannot run the SQL: \(error.message ?? "\(error.resultCode)")",
          remedy: "give one SELECT statement; docs/query.md lists the tables and their columns", code: .invalidArgument)
      }
      guard statement.isReadonly, statement.columnCount > 0 else {
        throw PipelineError(
          "the SQL does not only read", remedy: "give one SELECT statement", code: .invalidArgument)
      }
      return try Self.rows(of: statement, StatementArguments(), limit: limit)
    }
  }

  private static func rows(of statement: Statement, _ arguments: StatementArguments, limit: Int?) throws
    -> QueryResult
  {
    var result = QueryResult(columns: statement.columnNames.map(ColumnName.shown), rows: [])
    let isTime = statement.columnNames.map(ColumnName.isTime)
    let cursor = try Row.fetchCursor(statement, arguments: arguments)
    while let row = try cursor.next() {
      if let limit, result.rows.count == limit {
        result.isCut = true
        break
      }
      result.rows.append(
        zip(row.databaseValues, isTime).map { value, isTime in
          switch value.storage {
          case .null: .none
          case .int64(let number): isTime ? .time(number) : .integer(number)
          case .double(let number): .number(number)
          case .string(let text): .text(text)
          case .blob(let data): .bytes(Array(data))
          }
        })
    }
    return result
  }

  /// Interrupts what takes too long.
  private func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
    let hasEnded = Monitor(false)
    let deadline = SystemClock().now().advanced(byMilliseconds: timeLimitS * 1000)
    let guardian = try WorkerThread(name: "query-limit") { [queue] in
      // Again and again: a statement that begins just then is not interrupted by the first.
      var next = deadline
      while hasEnded.wait(until: next, for: { $0 ? true : nil }) == nil {
        queue.interrupt()
        next = next.advanced(byMilliseconds: 100)
      }
    }
    defer {
      hasEnded.change { $0 = true }
      guardian.join()
    }
    do { return try queue.read(body) } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
      throw PipelineError(
        "the query took longer than \(Int(timeLimitS)) s", remedy: "ask for less, or raise --time-limit",
        code: .interrupted)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
      throw PipelineError(
        "cannot run the SQL: \(error.message ?? "it failed")",
        remedy: "docs/query.md lists the tables and their columns",
        code: .invalidArgument)
    } catch let error as DatabaseError { throw DatabaseFailure.described(error, "read", path) }
  }
}

/// Columns that end in `_ms` hold times: they are shown as such, under the name without it.
private enum ColumnName {
  static func isTime(_ name: String) -> Bool { name.hasSuffix("_ms") }
  static func shown(_ name: String) -> String { isTime(name) ? String(name.dropLast(3)) : name }
}
