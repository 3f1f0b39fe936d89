import pytest
def test_pages(town, signed_in):
    issue, chain = town.ready()
    issue2 = town.assigned()
    v = signed_in("clerk")
    for path in ["/", "/queue", "/issues", f"/issues/{issue}", f"/issues/{issue2}", "/issues/new", "/boards", "/cases", "/directory", "/directory?kind=region", "/imports", "/people/person-clerk", "/units/unit-roads", "/regions/451226104207", f"/timeline/{issue}", "/password", "/nowhere", f"/issues/{issue}?as_of=2019-09-02","/issues?as_of=2019-09-02T12:00", "/issues?region_name=百祥&status=in_review&overdue=true", "/static/site.css"]:
        r = v.get(path)
        print(path, r.status_code, len(r.text))
        if r.status_code not in (200,303): print(r.text[:1500])
    open("/tmp/issue.html","w").write(v.get(f"/issues/{issue}").text)
    print(v.offered(issue), v.offered(issue2))
