package redistest

import (
	"context"
	"crypto/rand"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

const (
	masters = 3
	slots   = 16384
)

// Cluster is a Redis Cluster of three masters without replicas: when one is killed, the cluster is down until it is back.
type Cluster struct {
	// URL names all masters, the second and third as addr parameters.
	URL string
	// Masters share the slots in this order.
	Masters []*Server
}

// StartCluster starts a cluster that ends with the test. It returns when every master takes commands.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{}
	password := rand.Text()
	buses := make([]int, masters)
	for i := range masters {
		c.Masters = append(c.Masters, startData(t, password, func(int) (arguments []string, err error) {
			buses[i], err = freePort()
			return []string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", strconv.Itoa(buses[i])}, err
		}))
	}
	c.join(t, buses)
	for _, master := range c.Masters {
		await(t, "cluster at "+master.node.address(), master.inCluster)
	}
	c.URL = withOthers(c.Masters).String()
	return c
}

// join shares the slots out and makes the masters known to each other; the rest they tell each other over their buses.
func (c *Cluster) join(t testing.TB, buses []int) {
	t.Helper()
	ctx := context.Background()
	for i, master := range c.Masters {
		first, last := strconv.Itoa(i*slots/masters), strconv.Itoa((i+1)*slots/masters-1)
		_, err := master.ask(ctx, "CLUSTER", "ADDSLOTSRANGE", first, last)
		master.must(err)
		_, err = master.ask(ctx, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		master.must(err)
		host, port, _ := net.SplitHostPort(master.node.address())
		_, err = c.Masters[0].ask(ctx, "CLUSTER", "MEET", host, port, strconv.Itoa(buses[i]))
		master.must(err)
	}
}

func (s *Server) inCluster(ctx context.Context) (bool, error) {
	info, err := s.ask(ctx, "CLUSTER", "INFO")
	return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(masters)), err
}

// withOthers is the URL of the first server with the addresses of the others.
func withOthers(servers []*Server) *url.URL {
	u, query := servers[0].url(), url.Values{}
	for _, other := range servers[1:] {
		query.Add("addr", other.node.address())
	}
	u.RawQuery = query.Encode()
	return u
}
