//! Columns as Go's `text/tabwriter` lays them out, for output that scripts cut by position.

/// Lays out lines of cells with one space between columns. As there, the last cell of a line belongs to no column, and a
/// column is as wide as its cells in *neighbouring* lines that have it: the last column of `machines get -o simple` does
/// not know its own header.
#[must_use]
pub fn columns(lines: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (at, cells) in lines.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < cells.len() {
                let padding = width(lines, at, column) - cell.chars().count();
                text.extend(std::iter::repeat_n(' ', padding));
            }
        }
        text.push('\n');
    }
    text
}

fn width(lines: &[Vec<String>], at: usize, column: usize) -> usize {
    let has = |line: &&Vec<String>| column + 1 < line.len();
    let above = lines[..at].iter().rev().take_while(has);
    let below = lines[at..].iter().take_while(has);
    let widest = above.chain(below).map(|line| line[column].chars().count()).max();
    widest.unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_does_not_know_its_header() {
        let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        let lines = [
            row(&["Serial", "Rack", "BMC"]),
            row(&["a", "10", "x", ""]),
            row(&["bcdefgh", "1", "yyy", ""]),
        ];
        assert_eq!(
            columns(&lines),
            "Serial  Rack BMC\na       10   x   \nbcdefgh 1    yyy \n"
        );
    }
}
