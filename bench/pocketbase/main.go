// Command pocketbase is PocketBase with one collection that users with a token may create records in: the embedded peer of the first call. It makes the users itself
// and writes a token for each into a file.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // its own tables
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "pocketbase:", err)
		os.Exit(1)
	}
}

func serve() error {
	dir := flag.String("dir", "", "data directory")
	tokens := flag.String("tokens", "", "file for the tokens, one a line")
	users := flag.Int("users", 1000, "users to make")
	synchronous := flag.String("synchronous", "FULL", "FULL, or NORMAL as PocketBase has it: a power cut then loses commits")
	flag.Parse()
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: *dir, DBConnect: connect(*synchronous)})
	if err := app.Bootstrap(); err != nil {
		return err
	}
	if err := app.RunAllMigrations(); err != nil {
		return err
	}
	if err := prepare(app, *users, *tokens); err != nil {
		return err
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		e.Listener, e.InstallerFunc = listener, nil // the installer opens a browser
		fmt.Printf("{\"event\":\"ready\",\"url\":\"http://%s\"}\n", listener.Addr())
		return e.Next()
	})
	return apis.Serve(app, apis.ServeConfig{HttpAddr: "127.0.0.1:0"})
}

// connect opens databases as PocketBase does, but for the one setting.
func connect(synchronous string) core.DBConnectFunc {
	settings := "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)&_pragma=synchronous(" + synchronous +
		")&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)"
	return func(path string) (*dbx.DB, error) {
		if filepath.Base(path) != "data.db" { // its log database holds nothing that must not be lost
			return core.DefaultDBConnect(path)
		}
		return dbx.Open("sqlite", path+settings)
	}
}

func prepare(app core.App, users int, file string) error {
	settings := app.Settings()
	settings.Logs.MinLevel = 8 // errors only, as for every other server here
	settings.RateLimits.Enabled = false
	if err := app.Save(settings); err != nil {
		return err
	}
	requests := core.NewBaseCollection("requests")
	rule := `@request.auth.id != ""`
	requests.CreateRule = &rule
	requests.Fields.Add(&core.TextField{Name: "kind", Required: true})
	if err := app.Save(requests); err != nil {
		return err
	}
	tokens, err := makeUsers(app, users)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(strings.Join(tokens, "\n")), 0o600)
}

func makeUsers(app core.App, n int) ([]string, error) {
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return nil, err
	}
	var tokens []string
	err = app.RunInTransaction(func(tx core.App) error {
		for i := range n {
			user := core.NewRecord(users)
			user.SetEmail("user" + strconv.Itoa(i) + "@example.test")
			// Nobody signs in, so no time is spent on a password.
			user.SetRaw(core.FieldNamePassword, &core.PasswordFieldValue{Hash: "none"})
			user.RefreshTokenKey()
			if err := tx.Save(user); err != nil {
				return err
			}
			token, err := user.NewStaticAuthToken(24 * time.Hour)
			if err != nil {
				return err
			}
			tokens = append(tokens, token)
		}
		return nil
	})
	return tokens, err
}
