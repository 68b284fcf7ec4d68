package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// The clocks of the two families stand at the instants of the documents' examples (contract/README.md).
var familyClocks = map[string]time.Time{
	"accounts": time.Date(2024, 1, 14, 12, 0, 0, 0, time.UTC),
	"skills":   time.Date(2025, 4, 9, 10, 0, 0, 0, time.UTC),
	"own":      time.Date(2025, 4, 9, 10, 0, 0, 0, time.UTC),
}

// engines give each test a database of its own, by the name of the engine. Engines that need a server are added by files with the tag integration.
var engines = map[string]func(t *testing.T) string{
	"sqlite": func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "avow.db") },
}

// replicated holds the databases that several processes serve.
var replicated sync.Map

// caches holds the URL of the Redis that goes with a database, for engines that have one.
var caches sync.Map

// onEngines runs a test once for every engine.
func onEngines(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	for name, database := range engines {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, database(t)) })
	}
}

// TestContract runs every case of both wire contracts, and of what is our own beside them, through a real listener, on every engine.
func TestContract(t *testing.T) {
	t.Parallel()
	for family, clock := range familyClocks {
		for _, file := range caseFiles(t, family) {
			t.Run(family+"/"+strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
				t.Parallel()
				archive, err := txtar.ParseFile(file)
				if err != nil {
					t.Fatal(err)
				}
				onEngines(t, func(t *testing.T, database string) { newBench(t, clock, database).play(archive) })
			})
		}
	}
}

func caseFiles(t *testing.T, family string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "contract", family, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d cases of %s (%v), want some", len(files), family, err)
	}
	return files
}

// TestContractReachesEveryCode fails when a code that the wire can answer stands in no case.
func TestContractReachesEveryCode(t *testing.T) {
	t.Parallel()
	for family, codes := range wireCodes {
		var all strings.Builder
		for _, file := range caseFiles(t, family) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString(strings.ReplaceAll(string(text), " ", ""))
		}
		for _, code := range codes {
			if !strings.Contains(all.String(), `"code":"`+code+`"`) && !strings.Contains(all.String(), `"error":"`+code+`"`) {
				t.Errorf("%s: got no case that answers %s, want one", family, code)
			}
		}
	}
}

// wireCodes are the documented and own codes of the endpoints that are built, from accounts-api.md 1.8, 2.2, 2.6, 13, skills-api.md 5, 17, 18, and our own.
var wireCodes = map[string][]string{
	"accounts": {
		"invalid_parameter", "json_parser_error", "invalid_content_type_error", "unknown_parameter", "not_found", "already_verified",
		"invalid_confirmation_code", "internal_server_error", "unauthorized", "invalid_token", "expired_token", "insufficient_scope", "forbidden",
		"method_not_allowed", "request_too_large", "invalid_client", "invalid_grant", "invalid_scope", "invalid_request", "unsupported_grant_type",
	},
	"skills": {
		"MISSING_STUDENT_ID", "MISSING_CALLBACK_WEBHOOK_URL", "MISSING_NAME", "MISSING_CONTACT", "INVALID_DATA_FORMAT", "NO_DATA", "INVALID_SKILL_IDS",
		"SESSION_STORAGE_FAILED", "MISSING_VERIFICATION_ID", "MISSING_SKILLS", "MISSING_SKILL_ID", "MAX_SKILLS_PER_SOURCE", "DUPLICATE_SKILLS_IN_BUNDLE",
		"ASSESSMENT_ALREADY_PASSED", "INTERNAL_ERROR", "NOT_FOUND", "MISSING_VERIFICATION_METHOD", "INVALID_VERIFICATION_METHOD", "MISSING_SESSION_TOKEN",
		"NO_ITEMS_SELECTED", "SESSION_NOT_FOUND", "VERIFICATION_METHOD_NOT_SET", "INVALID_ITEM_IDS", "UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "INVALID_JSON",
		"PAYLOAD_TOO_LARGE", "METHOD_NOT_ALLOWED", "SESSION_MISMATCH", "USER_MISMATCH", "ALREADY_VERIFIED", "INVALID_CALLBACK_WEBHOOK_URL",
		"DUPLICATE_REVIEWER_EMAIL", "EMAIL_SEND_FAILED", "INVALID_EMAIL", "INVALID_REVIEWER_TOKEN", "INVALID_VERIFICATION_TYPE", "INVALID_WEBSITE", "MISSING_COMPANY",
		"MISSING_DATA", "MISSING_EMAIL", "MISSING_REVIEWER_TOKEN", "MISSING_SKILL_IDS", "MISSING_WEBSITE", "NO_SKILLS_FOUND", "REVIEWER_NOT_FOUND",
		"REVIEWER_TOKEN_EXPIRED", "VERIFICATION_NOT_FOUND",
	},
	"own": {"UNAUTHORIZED", "TEST_MODE_ONLY", "NOT_FOUND", "METHOD_NOT_ALLOWED", "INTERNAL_ERROR"},
}
