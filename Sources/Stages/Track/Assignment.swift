/// Solves the linear assignment problem: the cheapest way to give each row its own column.
///
/// The Hungarian method by shortest augmenting paths with potentials (Jonker and Volgenant 1987), O(n^2 m) for the
/// smaller side n. Scratch memory is kept between calls. Used by one thread.
struct Assignment {
  private var rowPotential: [Double] = []
  private var columnPotential: [Double] = []
  private var shortest: [Double] = []
  private var cameFrom: [Int] = []
  private var rowOf: [Int] = []
  private var isVisited: [Bool] = []

  init() {}

  /// Assigns min(rows, columns) pairs at the least sum of costs.
  ///
  /// - Parameters:
  ///   - columnOfRow: becomes the column of each row, or -1.
  ///   - cost: finite costs by row and column, called many times for each pair.
  mutating func solve(
    rows: Int, columns: Int, columnOfRow: inout [Int], cost: (_ row: Int, _ column: Int) -> Double
  ) {
    columnOfRow.removeAll(keepingCapacity: true)
    columnOfRow.append(contentsOf: repeatElement(-1, count: rows))
    guard rows > 0, columns > 0 else { return }
    if rows <= columns {
      match(rows, columns, cost)
      for column in 1...columns where rowOf[column] > 0 { columnOfRow[rowOf[column] - 1] = column - 1 }
    } else {
      match(columns, rows) { cost($1, $0) }
      for row in 1...rows where rowOf[row] > 0 { columnOfRow[row - 1] = rowOf[row] - 1 }
    }
  }

  /// For n <= m; leaves the row (from 1, 0 for none) of each column (from 1) in `rowOf`. Column 0 stands for "none".
  private mutating func match(_ n: Int, _ m: Int, _ cost: (Int, Int) -> Double) {
    Self.fill(&rowPotential, n + 1, 0)
    Self.fill(&columnPotential, m + 1, 0)
    Self.fill(&rowOf, m + 1, 0)
    Self.fill(&cameFrom, m + 1, 0)
    for row in 1...n {
      rowOf[0] = row
      var column = 0
      Self.fill(&shortest, m + 1, .infinity)
      Self.fill(&isVisited, m + 1, false)
      repeat {
        isVisited[column] = true
        let current = rowOf[column]
        var delta = Double.infinity
        var next = 0
        for j in 1...m where !isVisited[j] {
          let reduced = cost(current - 1, j - 1) - rowPotential[current] - columnPotential[j]
          if reduced < shortest[j] {
            shortest[j] = reduced
            cameFrom[j] = column
          }
          if shortest[j] < delta {
            delta = shortest[j]
            next = j
          }
        }
        for j in 0...m {
          if isVisited[j] {
            rowPotential[rowOf[j]] += delta
            columnPotential[j] -= delta
          } else {
            shortest[j] -= delta
          }
        }
        column = next
      } while rowOf[column] != 0
      // Turn the path around: each column on it takes the row of the one before.
      while column != 0 {
        let previous = cameFrom[column]
        rowOf[column] = rowOf[previous]
        column = previous
      }
    }
  }

  private static func fill<Element>(_ array: inout [Element], _ count: Int, _ value: Element) {
    array.removeAll(keepingCapacity: true)
    array.append(contentsOf: repeatElement(value, count: count))
  }
}
