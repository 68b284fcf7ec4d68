package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// askTimeout is for a server that hangs.
const askTimeout = 2 * time.Second

// ask sends one command over a connection of its own and returns its answer, which has to be no list. The product's client is not used here: what tests
// it must not be it.
func ask(ctx context.Context, address, password string, words ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	answers := bufio.NewReader(conn)
	if password != "" {
		if _, err := exchange(conn, answers, "AUTH", password); err != nil {
			return "", err
		}
	}
	return exchange(conn, answers, words...)
}

func exchange(conn io.Writer, answers *bufio.Reader, words ...string) (string, error) {
	var command strings.Builder
	fmt.Fprintf(&command, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(conn, command.String()); err != nil {
		return "", err
	}
	line, err := answers.ReadString('\n')
	line = strings.TrimSuffix(line, "\r\n")
	if err != nil || line == "" {
		return "", errors.Join(fmt.Errorf("got %q, want an answer", line), err)
	}
	switch kind, rest := line[0], line[1:]; kind {
	case '+', ':':
		return rest, nil
	case '$':
		return bulk(answers, rest)
	default:
		return "", fmt.Errorf("%s: %s", words[0], line)
	}
}

// bulk reads a text of the given length; a length of -1 is that of none.
func bulk(answers io.Reader, length string) (string, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return "", err
	}
	text := make([]byte, n+len("\r\n"))
	_, err = io.ReadFull(answers, text)
	return string(text[:n]), err
}
