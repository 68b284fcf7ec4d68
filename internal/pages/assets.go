package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"

	"avow/internal/web"
)

// asset is a file that pages load. Its address changes with its content, so that browsers may keep it for good.
type asset struct {
	path    string
	address string
	kind    string
	content []byte
}

// assets are all of them by the name of their file.
type assets map[string]asset

// assetKinds are the content types by the ends of files' names; what the system says of them differs.
var assetKinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

func loadAssets() assets {
	found, err := fs.Glob(files, "assets/*")
	if err != nil {
		panic(err)
	}
	all := assets{}
	for _, file := range found {
		content, err := files.ReadFile(file)
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(content)
		all[path.Base(file)] = asset{
			path: "/" + file, address: "/" + file + "?v=" + hex.EncodeToString(sum[:6]), kind: assetKinds[path.Ext(file)], content: content,
		}
	}
	return all
}

// routes serve the assets to everybody. What only developers load harms nobody else.
func (a assets) routes() []web.Route {
	var routes []web.Route
	for _, one := range a {
		routes = append(routes, web.Route{Method: http.MethodGet, Path: one.path, Handle: one.serve})
	}
	return routes
}

func (a asset) serve(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	write(w, http.StatusOK, a.kind, a.content)
	return nil
}

// address is what pages write to load an asset. It panics when there is none, which is a fault of the build.
func (a assets) address(name string) string {
	one, ok := a[name]
	if !ok {
		panic("no asset " + name)
	}
	return one.address
}
