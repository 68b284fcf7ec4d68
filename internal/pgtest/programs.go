package pgtest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// oldest is the oldest PostgreSQL that avow supports.
const oldest = 15

// debianRoot is where Debian keeps the server's programs, a directory for each version; they are not on the PATH.
const debianRoot = "/usr/lib/postgresql"

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// programs are those of one installed version.
type programs struct {
	version          int
	initdb, postgres string
}

func findPrograms(root string) (programs, error) {
	if p := newestIn(root); p.version >= oldest {
		return p, nil
	}
	p := onPath()
	if p.version < oldest {
		return p, fmt.Errorf("got no programs initdb and postgres of version %d or newer in %s/*/bin or on the PATH; "+
			"on Debian, as root: apt-get install --no-install-recommends postgresql", oldest, root)
	}
	return p, nil
}

func newestIn(root string) programs {
	var best programs
	dirs, _ := filepath.Glob(filepath.Join(root, "*", "bin"))
	for _, dir := range dirs {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		if err != nil || version <= best.version {
			continue
		}
		initdb, initErr := exec.LookPath(filepath.Join(dir, "initdb"))
		postgres, serverErr := exec.LookPath(filepath.Join(dir, "postgres"))
		// A directory may hold the client's programs alone.
		if initErr == nil && serverErr == nil {
			best = programs{version, initdb, postgres}
		}
	}
	return best
}

func onPath() programs {
	initdb, initErr := exec.LookPath("initdb")
	postgres, serverErr := exec.LookPath("postgres")
	if initErr != nil || serverErr != nil {
		return programs{}
	}
	text, _ := exec.Command(postgres, "--version").Output()
	match := versionText.FindSubmatch(text)
	if match == nil {
		return programs{}
	}
	version, _ := strconv.Atoi(string(match[1]))
	return programs{version, initdb, postgres}
}
