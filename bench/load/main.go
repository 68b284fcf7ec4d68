// Command load is a closed-loop load generator: persistent HTTP/1.1 connections, a unique number in each request, and the CPU time and memory of the processes
// under test. It prints one line of JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"avow/bench/proc"
)

type options struct {
	addr, method, path, body, header string
	label                            string
	round, conns, expect             int
	start                            int64
	measured, warm, drain            time.Duration
	lines                            []string
	processes                        []proc.Group
}

// maxRequests bounds the whole run, whatever goes wrong.
const maxRequests = 5_000_000

func main() {
	o, err := readOptions()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(newGenerator(o).run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func readOptions() (options, error) {
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:8080", "host:port")
	flag.StringVar(&o.method, "method", "POST", "method")
	flag.StringVar(&o.path, "path", "/", "path; {n} is the request's number, {l} its line of the list")
	flag.StringVar(&o.body, "body", "", "body; {n} and {l} as in path")
	flag.StringVar(&o.header, "header", "", "one more header; {n} and {l} as in path")
	flag.StringVar(&o.label, "label", "", "label in the result")
	flag.IntVar(&o.round, "round", 0, "round in the result")
	flag.IntVar(&o.conns, "conns", 16, "connections")
	flag.IntVar(&o.expect, "expect", 200, "status wanted")
	flag.Int64Var(&o.start, "start", 0, "number of the first request")
	flag.DurationVar(&o.measured, "for", 2*time.Second, "measured time")
	flag.DurationVar(&o.warm, "warm", 500*time.Millisecond, "warm-up")
	flag.DurationVar(&o.drain, "drain", 5*time.Second, "longest wait until the processes are idle again")
	list := flag.String("list", "", "file of lines for {l}, used in order and over again")
	processes := flag.String("processes", "", "name=pid,… whose CPU is counted; name+=pid adds its children")
	flag.Parse()
	var err error
	if *list != "" {
		var text []byte
		text, err = os.ReadFile(*list)
		o.lines = strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	if err == nil {
		o.processes, err = proc.Parse(*processes)
	}
	return o, err
}
