package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
)

// connection is a persistent HTTP/1.1 connection. net/http would cost as much as the servers under test.
type connection struct {
	net.Conn
	r    *bufio.Reader
	body []byte
}

func dial(addr string) (*connection, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: c, r: bufio.NewReaderSize(c, 32<<10)}, nil
}

// header is what matters of an answer's header.
type header struct {
	status  int
	length  int
	chunked bool
	closes  bool
}

// do sends a request and reads the whole answer; its body is in c.body until the next call.
func (c *connection) do(request []byte) (header, error) {
	if _, err := c.Write(request); err != nil {
		return header{}, err
	}
	h, err := c.readHeader()
	if err != nil || h.status == 204 || h.status == 304 {
		return h, err
	}
	c.body = c.body[:0]
	if !h.chunked {
		return h, c.take(h.length)
	}
	for {
		n, err := c.chunk()
		if err != nil || n == 0 {
			return h, err
		}
	}
}

func (c *connection) readHeader() (h header, err error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return h, err
	}
	if len(line) < 12 {
		return h, io.ErrUnexpectedEOF
	}
	if h.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return h, fmt.Errorf("status line %q", line)
	}
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil || len(line) <= 2 {
			return h, err
		}
		h.read(line)
	}
}

func (h *header) read(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	switch {
	case bytes.EqualFold(name, []byte("Content-Length")):
		h.length, _ = strconv.Atoi(string(value))
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		h.chunked = true
	case bytes.EqualFold(name, []byte("Connection")):
		h.closes = bytes.EqualFold(value, []byte("close"))
	}
}

func (c *connection) chunk() (int, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
	if err != nil {
		return 0, err
	}
	if err := c.take(int(n)); err != nil {
		return 0, err
	}
	_, err = c.r.ReadSlice('\n')
	return int(n), err
}

// maxBody is more than any answer of the servers under test.
const maxBody = 1 << 20

func (c *connection) take(n int) error {
	if n < 0 || n > maxBody {
		return fmt.Errorf("a body of %d bytes", n)
	}
	from := len(c.body)
	c.body = append(c.body, make([]byte, n)...)
	_, err := io.ReadFull(c.r, c.body[from:])
	return err
}
