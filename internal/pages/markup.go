package pages

import "strings"

// prose is the text of a question: Markdown of which only code is known, between back-ticks and in fences. Whatever else stands in it is text, which the templates escape.
type prose []block

// block is a paragraph of pieces or, where there are none, lines of code as they stand.
type block struct {
	Pieces []piece
	Code   string
}

// piece is a part of a paragraph.
type piece struct {
	Text string
	Code bool
}

const fence = "```"

// proseOf reads the text of a question. A fence that is not closed goes to the end.
func proseOf(text string) (p prose) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for len(lines) > 0 {
		var taken []string
		if strings.HasPrefix(lines[0], fence) {
			taken, lines = until(lines[1:], func(line string) bool { return strings.HasPrefix(line, fence) })
			p, lines = append(p, block{Code: strings.Join(taken, "\n")}), lines[min(1, len(lines)):]
			continue
		}
		taken, lines = until(lines, func(line string) bool { return strings.TrimSpace(line) == "" || strings.HasPrefix(line, fence) })
		if len(taken) > 0 {
			p = append(p, block{Pieces: piecesOf(strings.Join(taken, "\n"))})
			continue
		}
		lines = lines[1:]
	}
	return p
}

// until returns the lines before the first one that ends them, and the rest from there on.
func until(lines []string, ends func(string) bool) (before, rest []string) {
	for i, line := range lines {
		if ends(line) {
			return lines[:i], lines[i:]
		}
	}
	return lines, nil
}

const backticks = "`"

// piecesOf reads a paragraph, or an option. Code stands between as many back-ticks before as behind it, so that it may hold back-ticks itself; a run that finds no partner is text.
func piecesOf(text string) (pieces []piece) {
	from := 0
	for at := strings.Index(text, backticks); at >= 0; {
		inside := strings.TrimLeft(text[at:], backticks)
		run := text[at : len(text)-len(inside)]
		code, length := closedBy(inside, run)
		next := at + len(run)
		if length > 0 {
			pieces = append(plain(pieces, text[from:at]), piece{Text: code, Code: true})
			from, next = next+length, next+length
		}
		if at = strings.Index(text[next:], backticks); at >= 0 {
			at += next
		}
	}
	return plain(pieces, text[from:])
}

// closedBy returns the code before the next run of exactly so many back-ticks, and how many bytes it takes with the run; 0: there is no such run.
func closedBy(text, run string) (code string, length int) {
	for at := 0; at < len(text); at++ {
		found := len(text[at:]) - len(strings.TrimLeft(text[at:], backticks))
		if found == len(run) {
			return unpadded(text[:at]), at + found
		}
		at += found
	}
	return "", 0
}

// unpadded takes the one blank away that keeps back-ticks of the code from those around it.
func unpadded(code string) string {
	if strings.HasPrefix(code, " ") && strings.HasSuffix(code, " ") && strings.TrimSpace(code) != "" {
		return code[1 : len(code)-1]
	}
	return code
}

func plain(pieces []piece, text string) []piece {
	if text == "" {
		return pieces
	}
	return append(pieces, piece{Text: text})
}
