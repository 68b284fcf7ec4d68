// Package proc reads from /proc what processes and the machine have used.
package proc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticks is how often a second the kernel counts CPU time in /proc; Linux has told programs 100 for ever.
const ticks = 100

// Group is a process whose use is counted under a name.
type Group struct {
	Name string
	PID  int
	Tree bool // with all its children
}

// Parse reads "name=pid,name+=pid"; the plus counts the process's children too.
func Parse(spec string) ([]Group, error) {
	var groups []Group
	for part := range strings.SplitSeq(spec, ",") {
		if part == "" {
			continue
		}
		name, text, _ := strings.Cut(part, "=")
		pid, err := strconv.Atoi(text)
		if err != nil || name == "" {
			return nil, fmt.Errorf("process %q: want name=pid", part)
		}
		bare, tree := strings.CutSuffix(name, "+")
		groups = append(groups, Group{Name: bare, PID: pid, Tree: tree})
	}
	return groups, nil
}

// String is the form that Parse reads.
func (g Group) String() string {
	plus := ""
	if g.Tree {
		plus = "+"
	}
	return g.Name + plus + "=" + strconv.Itoa(g.PID)
}

// Usage is what a group has used so far.
type Usage struct {
	CPU float64 // seconds, user and system, ended children included
	RSS float64 // MiB now
}

// Sample reads the use of every group by name.
func Sample(groups []Group) map[string]Usage {
	all := map[string]Usage{}
	for _, g := range groups {
		pids := []int{g.PID}
		if g.Tree {
			pids = tree(g.PID)
		}
		sum := all[g.Name]
		for _, pid := range pids {
			u := read(pid)
			sum.CPU += u.CPU
			sum.RSS += u.RSS
		}
		all[g.Name] = sum
	}
	return all
}

// CPU is the CPU time of all groups together.
func CPU(all map[string]Usage) float64 {
	sum := 0.0
	for _, u := range all {
		sum += u.CPU
	}
	return sum
}

// read returns zero for a process that is gone: its time then stands with its parent.
func read(pid int) Usage {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}
	}
	// The name in brackets may hold anything, so fields are counted from its end.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	u := Usage{}
	for _, i := range []int{11, 12, 13, 14} {
		u.CPU += seconds(fields, i)
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _, _ := strings.Cut(strings.TrimSpace(value), " ")
			n, _ := strconv.ParseFloat(kib, 64)
			u.RSS = n / 1024
		}
	}
	return u
}

func seconds(fields []string, i int) float64 {
	if i >= len(fields) {
		return 0
	}
	n, _ := strconv.ParseFloat(fields[i], 64)
	return n / ticks
}

func tree(pid int) []int {
	pids := []int{pid}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				pids = append(pids, tree(child)...)
			}
		}
	}
	return pids
}

// Machine returns the CPU seconds that all processes together were busy, and those that the host gave to others.
func Machine() (busy, stolen float64) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	f := strings.Fields(line)
	for _, i := range []int{1, 2, 3, 6, 7} { // user, nice, system, irq, softirq: neither idle nor waiting for a disk
		busy += seconds(f, i)
	}
	return busy, seconds(f, 8)
}
