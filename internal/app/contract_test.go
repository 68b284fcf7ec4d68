package app_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"avow/internal/store"
)

// The clocks of the families stand at the instants of the documents' examples (contract/README.md).
var familyClocks = map[string]time.Time{
	"accounts":  time.Date(2024, 1, 14, 12, 0, 0, 0, time.UTC),
	"skills":    time.Date(2025, 4, 9, 10, 0, 0, 0, time.UTC),
	"catalogue": time.Date(2025, 4, 9, 10, 0, 0, 0, time.UTC),
	"guide":     time.Date(2025, 4, 9, 10, 0, 0, 0, time.UTC),
	"own":       time.Date(2025, 4, 9, 10, 0, 0, 0, time.UTC),
}

// engines give each test a database of its own, by the name of the engine. Engines that need a server are added by files with the tag integration.
var engines = map[string]func(t *testing.T) string{
	"sqlite": func(t *testing.T) string { return "sqlite:" + migrated(t) },
}

// template is an embedded database that has been migrated; migrating one for each test takes longer than most tests.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "avow-template-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "avow.db")
	if err := store.Migrate(context.Background(), "sqlite:"+file, func(string) {}); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// migrated is a copy of it for one test.
func migrated(t *testing.T) (file string) {
	t.Helper()
	content, err := template()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "avow.db")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// contractEngines are those that run the cases of the contract and nothing else.
var contractEngines = map[string]func(t *testing.T) string{}

// replicated holds the databases that several processes serve.
var replicated sync.Map

// caches holds the URL of the Redis that goes with a database, for engines that have one.
var caches sync.Map

// onEngines runs a test once for every engine.
func onEngines(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	onEach(t, engines, test)
}

func onEach(t *testing.T, engines map[string]func(t *testing.T) string, test func(t *testing.T, database string)) {
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
				play := func(t *testing.T, database string) {
					if strings.HasPrefix(filepath.Base(file), "limit_") {
						shareLimits(t, database)
					}
					newBench(t, clock, database).play(archive)
				}
				onEach(t, contractCaseEngines(), play)
			})
		}
	}
}

// contractCaseEngines are all engines, or, under the race detector, the quickest one.
func contractCaseEngines() map[string]func(t *testing.T) string {
	all := maps.Clone(engines)
	maps.Copy(all, contractEngines)
	if raced {
		maps.DeleteFunc(all, func(name string, _ func(t *testing.T) string) bool { return name != "sqlite" })
	}
	return all
}

// shareLimits gives several processes a Redis: without one each counts for itself.
func shareLimits(t *testing.T, database string) {
	t.Helper()
	_, several := replicated.Load(database)
	_, cached := caches.Load(database)
	if several && !cached {
		caches.Store(database, startRedis(t))
	}
}

// startRedis starts what only engines need that come with the tag integration.
var startRedis func(t *testing.T) string

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

// TestContractReachesEveryCodeOfEveryCall fails when a call of the account contract has an error that no case shows of that very call.
func TestContractReachesEveryCodeOfEveryCall(t *testing.T) {
	t.Parallel()
	shown := map[string]map[string]bool{}
	for _, file := range caseFiles(t, "accounts") {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		codesOfCalls(archive, shown)
	}
	for call, codes := range callCodes {
		for _, code := range append(strings.Fields(codes), everyCall...) {
			if !shown[call][code] {
				t.Errorf("%s: got no case that answers %s, want one", call, code)
			}
		}
	}
}

var codeIn = regexp.MustCompile(`"code": ?"([a-z_]+)"`)

// codesOfCalls notes which codes a case shows of which calls.
func codesOfCalls(archive *txtar.Archive, shown map[string]map[string]bool) {
	call := ""
	for _, s := range archive.Files {
		if s.Name == "request" {
			call = callOf(string(s.Data))
		}
		code := codeIn.FindStringSubmatch(string(s.Data))
		if s.Name != "response" || code == nil {
			continue
		}
		if shown[call] == nil {
			shown[call] = map[string]bool{}
		}
		shown[call][code[1]] = true
	}
}

// callOf is the method and the path of a request, without query and trailing slash.
func callOf(request string) string {
	line, _, _ := strings.Cut(request, "\n")
	call, _, _ := strings.Cut(line, "?")
	return strings.TrimSuffix(call, "/")
}

// everyCall are the errors that each call of the account contract has (accounts-api.md 1.8, 2.6).
var everyCall = []string{"unauthorized", "invalid_token", "expired_token", "insufficient_scope", "unknown_parameter", "internal_server_error"}

// callCodes are what each call has beside them, from accounts-api.md 3, 4, 5.1 to 5.3 and 13.
var callCodes = map[string]string{
	"POST /external/api/v1/me/create_verification_request":       bodyCodes + "forbidden not_found already_verified",
	"GET /external/api/v1/me/pending_verification_request":       "forbidden not_found",
	"POST /external/api/v1/me/verify_account":                    bodyCodes + "forbidden not_found already_verified invalid_confirmation_code",
	"GET /external/api/v1/me":                                    "forbidden not_found",
	"GET /external/api/v3/me":                                    "forbidden not_found",
	"POST /external/api/v1/accounts/create_verification_request": bodyCodes + "not_found already_verified",
	"GET /external/api/v1/accounts/pending_verification_request": "invalid_parameter not_found",
	"POST /external/api/v1/accounts/verify_account":              bodyCodes + "not_found already_verified invalid_confirmation_code",
	"GET /external/api/v1/accounts":                              "invalid_parameter not_found",
	"GET /external/api/v1/accounts/status":                       "invalid_parameter not_found",
	"POST /external/api/v1/accounts":                             bodyCodes,
	"POST /external/api/v2/accounts":                             bodyCodes,
}

// bodyCodes are those of calls with a body.
const bodyCodes = "invalid_parameter json_parser_error invalid_content_type_error request_too_large "

// wireCodes are the documented and own codes of the endpoints that are built, from accounts-api.md 1.8, 2.2, 2.6, 13, skills-api.md 5, 17, 18, and our own.
var wireCodes = map[string][]string{
	"accounts": {
		"invalid_parameter", "json_parser_error", "invalid_content_type_error", "unknown_parameter", "not_found", "already_verified",
		"invalid_confirmation_code", "internal_server_error", "unauthorized", "invalid_token", "expired_token", "insufficient_scope", "forbidden",
		"method_not_allowed", "request_too_large", "too_many_requests", "service_unavailable", "invalid_client", "invalid_grant", "invalid_scope", "invalid_request", "unsupported_grant_type",
	},
	"skills": {
		"MISSING_STUDENT_ID", "MISSING_CALLBACK_WEBHOOK_URL", "MISSING_NAME", "MISSING_CONTACT", "INVALID_DATA_FORMAT", "NO_DATA", "INVALID_SKILL_IDS",
		"SESSION_STORAGE_FAILED", "MISSING_VERIFICATION_ID", "MISSING_SKILLS", "MISSING_SKILL_ID", "MAX_SKILLS_PER_SOURCE", "DUPLICATE_SKILLS_IN_BUNDLE",
		"ASSESSMENT_ALREADY_PASSED", "INTERNAL_ERROR", "NOT_FOUND", "MISSING_VERIFICATION_METHOD", "INVALID_VERIFICATION_METHOD", "MISSING_SESSION_TOKEN",
		"NO_ITEMS_SELECTED", "SESSION_NOT_FOUND", "VERIFICATION_METHOD_NOT_SET", "INVALID_ITEM_IDS", "UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "INVALID_JSON",
		"PAYLOAD_TOO_LARGE", "METHOD_NOT_ALLOWED", "SESSION_MISMATCH", "USER_MISMATCH", "ALREADY_VERIFIED", "INVALID_CALLBACK_WEBHOOK_URL",
		"RATE_LIMITED",
		"DUPLICATE_REVIEWER_EMAIL", "EMAIL_SEND_FAILED", "INVALID_EMAIL", "INVALID_REVIEWER_TOKEN", "INVALID_VERIFICATION_TYPE", "INVALID_WEBSITE", "MISSING_COMPANY",
		"MISSING_DATA", "MISSING_EMAIL", "MISSING_REVIEWER_TOKEN", "MISSING_SKILL_IDS", "MISSING_WEBSITE", "NO_SKILLS_FOUND", "REVIEWER_NOT_FOUND",
		"REVIEWER_TOKEN_EXPIRED", "VERIFICATION_NOT_FOUND",
		"ASSESSMENT_LOCKED", "ASSESSMENT_PASSED", "ATTEMPT_ALREADY_SUBMITTED", "GENERATION_FAILED", "INCOMPLETE_ANSWERS", "INVALID_ANSWER", "MISSING_ANSWERS",
		"NO_PRIOR_ATTEMPT", "NO_QUESTIONS", "NO_SKILLS", "RETAKE_TOO_SOON",
	},
	"guide": {
		"UNAUTHORIZED", "MISSING_USER_ID", "MISSING_NAME", "MISSING_EMAIL", "NO_DATA", "INVALID_DATA_FORMAT", "MISSING_SKILLS", "MISSING_SKILL_ID",
		"MISSING_VERIFICATION_METHOD", "INVALID_VERIFICATION_METHOD", "DUPLICATE_SKILLS_IN_BUNDLE", "MAX_SKILLS_PER_SOURCE", "ASSESSMENT_ALREADY_PASSED",
		"MISSING_COMPANY", "INVALID_EMAIL", "INVALID_WEBSITE", "DUPLICATE_REVIEWER_EMAIL", "INVALID_VERIFICATION_TYPE", "EMAIL_SEND_FAILED", "NOT_FOUND",
		"MISSING_VERIFICATION_ID", "MISSING_URL", "INVALID_WEBHOOK_URL", "MISSING_EVENTS", "INVALID_EVENTS", "WEBHOOK_EXISTS", "MAX_WEBHOOKS", "INVALID_PARAMETER",
		"UNSUPPORTED_MEDIA_TYPE", "INVALID_JSON", "PAYLOAD_TOO_LARGE", "METHOD_NOT_ALLOWED", "RATE_LIMITED", "INTERNAL_ERROR",
	},
	"own": {
		"UNAUTHORIZED", "TEST_MODE_ONLY", "NOT_FOUND", "METHOD_NOT_ALLOWED", "INVALID_PARAMETER", "ALREADY_DELIVERED", "BEING_SENT", "CONTENT_GONE", "INTERNAL_ERROR",
		"STILL_WAITING", "ENDPOINT_DISABLED", "RATE_LIMITED", "INVALID_JSON", "UNSUPPORTED_MEDIA_TYPE", "PAYLOAD_TOO_LARGE",
		"INVALID_SIGNATURE", "SERVICE_UNAVAILABLE",
	},
}
