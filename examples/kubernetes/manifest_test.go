package kubernetes_test

import (
	"cmp"
	"context"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

// manifest is what a file has, in the types of Kubernetes.
type manifest struct {
	services    map[string]*corev1.Service
	deployments map[string]*appsv1.Deployment
}

// read reads a file as strictly as kubectl does with --validate=strict: a field that is not known, or there twice, is an
// error.
func read(t *testing.T, path string) manifest {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := manifest{map[string]*corev1.Service{}, map[string]*appsv1.Deployment{}}
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		switch kind.APIVersion + " " + kind.Kind {
		case "v1 Service":
			s := new(corev1.Service)
			err = yaml.UnmarshalStrict([]byte(document), s)
			m.services[s.Name] = s
		case "apps/v1 Deployment":
			d := new(appsv1.Deployment)
			err = yaml.UnmarshalStrict([]byte(document), d)
			m.deployments[d.Name] = d
		default:
			t.Errorf("%s has a %s of %s", path, kind.Kind, kind.APIVersion)
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	return m
}

// container is the one of a deployment.
func (m *manifest) container(t *testing.T, name string) *corev1.Container {
	t.Helper()
	d := m.deployments[name]
	if d == nil || len(d.Spec.Template.Spec.Containers) != 1 {
		t.Fatalf("there is no deployment %s of one container", name)
	}
	return &d.Spec.Template.Spec.Containers[0]
}

// environment is what the container's program finds in its environment, as far as the manifest says it.
func environment(c *corev1.Container) map[string]string {
	values := map[string]string{}
	for _, e := range c.Env {
		if e.Value != "" {
			values[e.Name] = strings.ReplaceAll(e.Value, "$(POD_IP)", "10.0.0.7")
		}
	}
	return values
}

func TestManifests_hold(t *testing.T) {
	for _, path := range []string{"dns.yaml", "registry.yaml"} {
		m := read(t, path)
		if len(m.deployments) == 0 || len(m.services) == 0 {
			t.Errorf("%s has %d deployments and %d services", path, len(m.deployments), len(m.services))
		}
		for name, d := range m.deployments {
			labels := d.Spec.Template.Labels
			for key, value := range d.Spec.Selector.MatchLabels {
				if labels[key] != value {
					t.Errorf("%s: the deployment %s selects %s=%s, and its pods have %q", path, name, key, value, labels[key])
				}
			}
			checkProbes(t, path+": "+name, m.container(t, name))
		}
		for name, s := range m.services {
			d := m.deployments[name]
			if d == nil || len(s.Spec.Selector) == 0 {
				t.Fatalf("%s: the service %s is of no deployment", path, name)
			}
			for key, value := range s.Spec.Selector {
				if d.Spec.Template.Labels[key] != value {
					t.Errorf("%s: the service %s selects %s=%s, which no pod has", path, name, key, value)
				}
			}
			if port := s.Spec.Ports[0]; port.TargetPort != intstr.FromString(m.container(t, name).Ports[0].Name) ||
				port.Port != m.container(t, name).Ports[0].ContainerPort {
				t.Errorf("%s: the service %s has the port %v, which the container has not", path, name, port)
			}
		}
	}
}

// checkProbes compares what Kubernetes asks a pod with what a service of jacinth answers.
func checkProbes(t *testing.T, name string, c *corev1.Container) {
	t.Helper()
	svc := jacinth.New(jacinth.Config{Name: "probed", Logger: slog.New(slog.DiscardHandler)})
	for what, probe := range map[string]*corev1.Probe{"readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Port != intstr.FromString(c.Ports[0].Name) {
			t.Errorf("%s has no probe for %s at its port", name, what)
			continue
		}
		answer := httptest.NewRecorder()
		svc.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, probe.HTTPGet.Path, nil))
		if answer.Code != http.StatusOK {
			t.Errorf("%s asks %s for %s, which answers with %d", name, probe.HTTPGet.Path, what, answer.Code)
		}
	}
}

// The programs in the containers take what the manifest gives them.
func TestManifests_areUnderstood(t *testing.T) {
	m := read(t, "dns.yaml")
	for name := range m.deployments {
		t.Run(name, func(t *testing.T) {
			for key, value := range environment(m.container(t, name)) {
				t.Setenv(key, value)
			}
			config := jacinth.Config{Name: name, OpenRegistry: discovery.Open}
			set := flag.NewFlagSet(name, flag.ContinueOnError)
			if err := config.Flags(set); err != nil {
				t.Fatal(err)
			}
			for key := range environment(m.container(t, name)) {
				flagName := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(key, "JACINTH_")), "_", "-")
				if set.Lookup(flagName) == nil {
					t.Errorf("no service has a setting %s", key)
				}
			}
			if !strings.HasSuffix(config.Addr, ":8000") || m.container(t, name).Ports[0].ContainerPort != 8000 {
				t.Errorf("it listens on %s, and its port is %d", config.Addr, m.container(t, name).Ports[0].ContainerPort)
			}
			grace := time.Duration(*m.deployments[name].Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
			delay := cmp.Or(config.DrainDelay, 5*time.Second) // for a service that is asked for /readyz
			if grace < delay+config.DrainTimeout+5*time.Second {
				t.Errorf("it takes %v to leave and %v to drain, and is killed after %v", delay, config.DrainTimeout, grace)
			}
		})
	}

	// Orders finds billing: the name of the service is what its client looks up, and the port is the one it calls.
	registry, err := discovery.Open(context.Background(), environment(m.container(t, "orders"))["JACINTH_REGISTRY"])
	if err != nil {
		t.Fatal(err)
	}
	billing := m.services["billing"]
	if dns, ok := registry.(*discovery.DNS); !ok || dns.Domain != "" || dns.Port != int(billing.Spec.Ports[0].Port) {
		t.Errorf("orders looks in %+v, and billing has the port %d", registry, billing.Spec.Ports[0].Port)
	}
	if billing.Spec.ClusterIP != corev1.ClusterIPNone {
		t.Errorf("the service billing has the address %q: DNS then has one for all pods, and nobody can choose", billing.Spec.ClusterIP)
	}
	if billing.Spec.PublishNotReadyAddresses {
		t.Error("the service billing publishes pods that are not ready")
	}
}
