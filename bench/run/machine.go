package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// machine is what figures depend on.
type machine struct {
	cores            int
	cpu, kernel      string
	flush, flushSlow time.Duration
}

func lookAtMachine(dir string) (machine, error) {
	m := machine{cores: runtime.NumCPU(), cpu: cpuModel(), kernel: kernel()}
	var err error
	m.flush, m.flushSlow, err = flushTime(dir)
	return m, err
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return cmp.Or(strings.TrimSpace(string(text)), "unknown kernel")
}

const flushes = 200

// flushTime measures what a durable commit must wait for at least: a page written in place and flushed.
func flushTime(dir string) (median, slow time.Duration, err error) {
	f, err := os.Create(filepath.Join(dir, "flush"))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	page := make([]byte, 4096)
	var times []time.Duration
	for i := range flushes {
		page[0] = byte(i)
		begun := time.Now()
		if _, err := f.WriteAt(page, int64(i)*int64(len(page))); err != nil {
			return 0, 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, 0, fmt.Errorf("flush: %w", err)
		}
		times = append(times, time.Since(begun).Round(time.Microsecond))
	}
	slices.Sort(times)
	return times[flushes/2], times[flushes*99/100], nil
}
