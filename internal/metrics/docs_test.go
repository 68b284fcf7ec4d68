package metrics

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// described are all metrics of our own with their labels, as docs/operations.md writes them, and whether they are histograms.
func described(t *testing.T) map[string]bool {
	t.Helper()
	m := New()
	m.Watch(func() Pool { return Pool{} })
	descriptions := make(chan *prometheus.Desc)
	go func() { m.registry.Describe(descriptions); close(descriptions) }()
	form := regexp.MustCompile(`fqName: "(avow_\w+)", help: "([^"]*)".*, constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)
	all := map[string]bool{}
	for d := range descriptions {
		found := form.FindStringSubmatch(d.String())
		if found == nil {
			continue
		}
		name, help, fixed, labels := found[1], found[2], found[3], found[4]
		if !strings.HasSuffix(help, ".") || len(help) < 10 {
			t.Errorf("%s: got help %q, want a sentence", name, help)
		}
		if before, _, ok := strings.Cut(fixed, "="); ok {
			labels = before
		}
		if labels != "" {
			name += "{" + labels + "}"
		}
		all[name] = strings.Contains(help, "Time to ") || strings.Contains(help, "shared one")
	}
	return all
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocsShowEveryMetric compares the table of docs/operations.md with the code.
func TestDocsShowEveryMetric(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(document(t, "operations.md"), "<!-- metrics -->")
	table, _, found := strings.Cut(table, "<!-- /metrics -->")
	var shown []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(avow_[^`]+)` \\| (.+) \\|").FindAllStringSubmatch(table, -1) {
		shown = append(shown, row[1])
	}
	var want []string
	for name := range described(t) {
		want = append(want, name)
	}
	slices.Sort(shown)
	slices.Sort(want)
	if !found || !slices.Equal(shown, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(shown, "\n"), strings.Join(want, "\n"))
	}
}

// TestAlertsAreAboutMetrics holds the names and labels of docs/alerts.yml to the code, and its runbooks to the headings of docs/operations.md.
func TestAlertsAreAboutMetrics(t *testing.T) {
	t.Parallel()
	known, histogram := map[string]string{}, map[string]bool{}
	for name, is := range described(t) {
		bare, labels, _ := strings.Cut(strings.TrimSuffix(name, "}"), "{")
		known[bare], histogram[bare] = labels, is
	}
	alerts := document(t, "alerts.yml")
	for _, use := range regexp.MustCompile(`(avow_\w+)(?:\{([^}]*)\})?`).FindAllStringSubmatch(alerts, -1) {
		bare, of := strings.CutSuffix(use[1], "_bucket")
		labels, ok := known[bare]
		if !ok || of != histogram[bare] {
			t.Errorf("got %s, want a metric that there is", use[1])
		}
		for _, label := range regexp.MustCompile(`(\w+)=`).FindAllStringSubmatch(use[2], -1) {
			if !slices.Contains(strings.Split(labels, ","), label[1]) {
				t.Errorf("%s: got label %s, want one of %q", use[1], label[1], labels)
			}
		}
	}
	headings := regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(document(t, "operations.md"), -1)
	for _, book := range regexp.MustCompile(`runbook: docs/operations.md#(.+)`).FindAllStringSubmatch(alerts, -1) {
		if !slices.ContainsFunc(headings, func(h []string) bool { return strings.ReplaceAll(strings.ToLower(h[1]), " ", "-") == book[1] }) {
			t.Errorf("got runbook #%s, want a heading", book[1])
		}
	}
	rules, complete := strings.Count(alerts, "- alert:"), fmt.Sprint(strings.Count(alerts, "expr:"), strings.Count(alerts, "summary:"), strings.Count(alerts, "runbook:"))
	if rules < 10 || complete != fmt.Sprint(rules, rules, rules) {
		t.Errorf("got %d rules with %s expressions, summaries and runbooks, want one of each", rules, complete)
	}
}

func TestUpkeep(t *testing.T) {
	t.Parallel()
	m := New()
	m.Watch(func() Pool { return Pool{Used: 3, Idle: 2, Most: 16, Waits: 7, Waited: 1500000000, Changes: 9} })
	m.Deliveries("mail", 5, 2)
	m.PurgeLag("tokens", -1)
	m.PurgeLag("sessions", 90*1000*1000*1000)
	m.Grouped(3, 2000000)
	expect(t, scrape(t, m), map[string]string{
		`avow_deliveries{kind="mail",state="queued"}`:     "5",
		`avow_deliveries{kind="mail",state="sending"}`:    "2",
		`avow_purge_lag_seconds{what="tokens"}`:           "0",
		`avow_purge_lag_seconds{what="sessions"}`:         "90",
		`avow_group_changes_bucket{le="2"}`:               "0",
		`avow_group_changes_bucket{le="4"}`:               "1",
		`avow_group_duration_seconds_bucket{le="0.001"}`:  "0",
		`avow_group_duration_seconds_bucket{le="0.0025"}`: "1",
		`avow_database_connections{state="used"}`:         "3",
		`avow_database_connections{state="idle"}`:         "2",
		`avow_database_connections_max`:                   "16",
		`avow_database_waits_total`:                       "7",
		`avow_database_wait_seconds_total`:                "1.5",
		`avow_changes_waiting`:                            "9",
	})
}
