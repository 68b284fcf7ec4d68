package main

import (
	"strconv"
	"strings"
)

// template is a text with places: {n} becomes the request's number, {l} its line of the list.
type template []piece

// piece is a text, or a place when place is not 0.
type piece struct {
	text  string
	place byte
}

func parse(text string) template {
	var t template
	for text != "" {
		n, l := strings.Index(text, "{n}"), strings.Index(text, "{l}")
		at := n
		if n < 0 || l >= 0 && l < n {
			at = l
		}
		if at < 0 {
			return append(t, piece{text: text})
		}
		t = append(t, piece{text: text[:at]}, piece{place: text[at+1]})
		text = text[at+len("{n}"):]
	}
	return t
}

func (t template) appendTo(b []byte, number int64, line string) []byte {
	for _, p := range t {
		switch p.place {
		case 'n':
			b = strconv.AppendInt(b, number, 10)
		case 'l':
			b = append(b, line...)
		default:
			b = append(b, p.text...)
		}
	}
	return b
}

// message is a request as a template.
type message struct {
	head, body template
	buffer     []byte
}

func newMessage(o options) message {
	head := o.method + " " + o.path + " HTTP/1.1\r\nHost: " + o.addr + "\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
	if o.header != "" {
		head += o.header + "\r\n"
	}
	return message{head: parse(head + "Content-Length: "), body: parse(o.body)}
}

// bytes returns one request; it is valid until the next call.
func (m *message) bytes(number int64, line string) []byte {
	body := m.body.appendTo(m.buffer[:0], number, line)
	n := len(body)
	all := m.head.appendTo(body, number, line)
	all = strconv.AppendInt(all, int64(n), 10)
	all = append(all, "\r\n\r\n"...)
	m.buffer = append(all, all[:n]...)
	return m.buffer[n:]
}
