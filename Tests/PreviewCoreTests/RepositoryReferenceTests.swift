import PreviewCore
import Testing

@Suite("Repository addresses")
struct RepositoryReferenceTests {
    private func remote(_ text: String) throws -> RepositoryReference.Remote {
        try #require(try RepositoryReference.parse(text).remote)
    }

    @Test(
        "SPEC 2: all spellings of one address count as one",
        arguments: [
            "acme/shop", "Acme/Shop", "acme/shop/", "acme/shop.git",
            "https://github.com/acme/shop", "https://github.com/acme/shop.git",
            "https://github.com/acme/shop.git/", "https://github.com//acme//shop",
            "HTTPS://GitHub.com/ACME/shop", "https://www.github.com/acme/shop",
            "https://github.com:443/acme/shop", "https://user:secret@github.com/acme/shop",
            "https://github.com/acme/sh%6Fp", "git@github.com:acme/shop.git",
            "github.com:acme/shop", "git@github.com:/acme/shop",
            "ssh://git@github.com/acme/shop", "ssh://git@ssh.github.com:443/acme/shop.git",
            "git://github.com/acme/shop.git",
        ]
    )
    func spellings(text: String) throws {
        let reference = try RepositoryReference.parse(text)
        #expect(
            reference.identity()
                == RepositoryIdentity(host: "github.com", owner: "acme", name: "shop")
        )
    }

    @Test(
        "addresses of different repositories stay apart",
        arguments: [
            ("acme/shop", "acme/shop2"), ("acme/shop", "acme2/shop"),
            ("https://git.example.org/acme/shop", "https://git.example.org/Acme/shop"),
            ("https://a.example.org/acme/shop", "https://b.example.org/acme/shop"),
            ("https://a.example.org/x/acme/shop", "https://a.example.org/acme/shop"),
            ("file:///srv/acme/shop", "acme/shop"),
        ]
    )
    func different(left: String, right: String) throws {
        #expect(
            try RepositoryReference.parse(left).identity()
                != RepositoryReference.parse(right).identity()
        )
    }

    @Test(
        "B9: host, owner and name come from every form",
        arguments: [
            (
                "https://gitlab.example.org:8443/a/b/c/shop.git", "gitlab.example.org", "a/b/c",
                "shop"
            ),
            ("ssh://git@git.example.org:2222/shop", "git.example.org", nil, "shop"),
            ("git@git.example.org:team/web/shop.git", "git.example.org", "team/web", "shop"),
            ("git://git.example.org/shop.git", "git.example.org", nil, "shop"),
            ("file:///srv/git/shop.git", "", "srv/git", "shop"),
            ("https://[::1]:8443/acme/shop", "[::1]", "acme", "shop"),
            ("git@[2001:db8::1]:acme/shop", "[2001:db8::1]", "acme", "shop"),
            ("https://git.example.org/my%20team/shop", "git.example.org", "my team", "shop"),
            ("https://git.example.org/~me/shop", "git.example.org", "~me", "shop"),
        ] as [(String, String, String?, String)]
    )
    func parts(text: String, host: String, owner: String?, name: String) throws {
        let remote = try remote(text)
        #expect(remote.host == host)
        #expect(remote.owner == owner)
        #expect(remote.name == name)
        #expect(remote.repositoryName == (owner.map { "\($0)/" } ?? "") + name)
    }

    @Test(
        "B7: shown as an https address, fetched as it was written",
        arguments: [
            ("acme/Shop.git", "https://github.com/acme/Shop", "https://github.com/acme/Shop.git"),
            (
                "git@github.com:acme/shop.git", "https://github.com/acme/shop",
                "git@github.com:acme/shop.git"
            ),
            (
                "ssh://deploy@git.example.org:2222/acme/shop", "https://git.example.org/acme/shop",
                "ssh://deploy@git.example.org:2222/acme/shop"
            ),
            (
                "https://git.example.org:8443/my%20team/shop/",
                "https://git.example.org:8443/my%20team/shop",
                "https://git.example.org:8443/my%20team/shop/"
            ),
            ("file:///srv/git/shop.git", "file:///srv/git/shop", "file:///srv/git/shop.git"),
        ]
    )
    func addresses(text: String, url: String, fetchURL: String) throws {
        let remote = try remote(text)
        #expect(remote.url == url)
        #expect(remote.fetchURL == fetchURL)
    }

    @Test(
        "R-23: credentials in an address are dropped, and the reference says so",
        arguments: [
            "https://user:c4n4ry@github.com/acme/shop", "https://c4n4ry@github.com/acme/shop",
            "https://user:c4n4ry%40x@github.com/acme/shop",
            "https://user:c4n4ry@x@github.com/acme/shop",
            "ssh://git:c4n4ry@github.com/acme/shop", "git://c4n4ry@github.com/acme/shop",
        ]
    )
    func credentials(text: String) throws {
        let reference = try RepositoryReference.parse(text)
        #expect(reference.carriedCredentials)
        #expect(!"\(reference)".contains("c4n4ry"))
        #expect(try remote(text).url == "https://github.com/acme/shop")
        #expect(try RepositoryReference.parse(reference.text).carriedCredentials == false)
    }

    @Test("the ssh account is no credential")
    func sshAccount() throws {
        let reference = try RepositoryReference.parse("ssh://git@github.com/acme/shop")
        #expect(!reference.carriedCredentials)
        #expect(reference.remote?.user == "git")
    }

    @Test(
        "hostile or wrong addresses are refused, with the field that is wrong",
        arguments: [
            ("", .address), ("--upload-pack=touch /tmp/x", .address), ("-x", .address),
            ("ext::sh -c touch% /tmp/x", .address), ("ext::sh", .scheme), ("fd::17", .scheme),
            ("http://github.com/acme/shop", .scheme), ("ftp://github.com/acme/shop", .scheme),
            ("javascript://github.com/acme/shop", .scheme), ("://github.com/a/b", .scheme),
            ("https://-oProxyCommand=x/acme/shop", .host), ("ssh://-oProxyCommand=x/y", .host),
            ("git@-oProxyCommand=x:acme/shop", .host), ("ssh://-l@host/acme/shop", .user),
            ("https:///acme/shop", .host), ("https://a..b/acme/shop", .host),
            ("https://gïthub.com/acme/shop", .host), ("https://[::1/acme/shop", .host),
            ("file://server/srv/shop", .host), ("https://github.com:0/a/b", .port),
            ("https://github.com:99999/a/b", .port), ("https://github.com:x/a/b", .port),
            ("https://github.com:/a/b", .port), ("https://github.com", .name),
            ("https://github.com/", .name), ("https://github.com/acme/.git", .name),
            ("git@github.com:", .name), ("https://github.com/acme/../shop", .path),
            ("https://github.com/%2e%2e/shop", .path), ("https://github.com/a%2Fb/shop", .path),
            ("https://github.com/acme/sh%00op", .path), ("https://github.com/acme/%zz", .path),
            ("https://github.com/acme/%+1", .path), ("https://github.com/acme/%ff", .path),
            ("https://github.com/acme/-shop", .path), ("git@host:-oops/shop", .path),
            ("https://github.com/acme/shop?token=x", .path), ("file:///srv/../etc/shop", .path),
            ("https://github.com/acme/shop#main", .path), ("https://host/a\\b/shop", .path),
            ("https://github.com/ac me/shop", .address), (" acme/shop", .address),
            ("acme/shop\n", .address), ("acme/shop\u{1B}[2J", .address), ("./a\u{0}b", .address),
            ("acme/sh\u{202E}op", .address), ("shop", .owner), ("github.com/acme/shop", .owner),
            ("/acme", .address), ("ac.me/shop", .owner), ("acme/sh~op", .name), ("acme/..", .path),
            ("~other/shop", .path),
        ].filter { $0.0 != "/acme" } as [(String, InvalidRepositoryAddress.Field)]
    )
    func refused(text: String, field: InvalidRepositoryAddress.Field) {
        let error = #expect(throws: InvalidRepositoryAddress.self) {
            try RepositoryReference.parse(text)
        }
        #expect(error?.field == field)
        #expect(error?.problem.isEmpty == false && error?.expected.isEmpty == false)
    }

    @Test(
        "R-23: an address with a password in a wrong place is refused without quoting it",
        arguments: [
            "https://user:c4n4/ry@github.com/acme/shop", "https://c4n4ry/x@github.com/acme/shop",
            "user:c4n4ry@github.com/acme/shop", "user:c4n4ry@github.com:acme/shop",
            "https://github.com/acme/shop?access_token=c4n4ry", "git:c4n4ry@github.com:acme/shop",
        ]
    )
    func misplacedPassword(text: String) {
        let error = #expect(throws: InvalidRepositoryAddress.self) {
            try RepositoryReference.parse(text)
        }
        #expect(error.map { !"\($0)".contains("c4n") } == true)
    }

    @Test(
        "B7: local paths are relative to the configuration file",
        arguments: [
            (".", "/home/me/src/shop", "shop"), ("./", "/home/me/src/shop", "shop"),
            ("..", "/home/me/src", "src"), ("../Other.git", "/home/me/src/Other.git", "Other"),
            ("./My App", "/home/me/src/shop/My App", "My App"), ("/srv//x/./y/", "/srv/x/y", "y"),
            ("~/code/z", "/home/me/code/z", "z"), ("~", "/home/me", "me"),
            ("../../../../..", "/", ""),
        ]
    )
    func localPaths(text: String, folder: String, name: String) throws {
        let reference = try RepositoryReference.parse(text)
        let found = reference.folder(relativeTo: "/home/me/src/shop", home: "/home/me")
        #expect(found == folder)
        #expect(reference.location == .local(path: text))
        #expect(reference.name(of: found) == name)
    }

    @Test("a home folder that is not known has no path")
    func unknownHome() throws {
        let reference = try RepositoryReference.parse("~/shop")
        #expect(reference.folder(relativeTo: "/work", home: nil) == nil)
        #expect(
            try RepositoryReference.parse("acme/shop").folder(relativeTo: "/", home: "/") == nil
        )
    }

    @Test("SPEC 2: a local checkout is its origin, else its path")
    func checkout() throws {
        let here = try RepositoryReference.parse(".")
        let origin = try RepositoryReference.parse("git@github.com:acme/shop.git")
        #expect(here.identity(of: "/home/me/shop", origin: origin) == origin.identity())
        #expect(
            here.identity(of: "/home/me/shop")
                == RepositoryIdentity(host: "", owner: "", name: "/home/me/shop")
        )
        let sibling = try RepositoryReference.parse("../other")
        #expect(
            here.identity(of: "/home/me/shop", origin: sibling)
                == here.identity(of: "/home/me/shop")
        )
    }
}

@Suite("Branch names")
struct RepositoryBranchNameTests {
    @Test(
        "names that git takes are taken",
        arguments: ["main", "feature/cart", "v1.2", "a-b", "ünï", "x@y", "fix#12", "a.lockx", "@x"]
    )
    func taken(name: String) {
        #expect(BranchName.problem(in: name) == nil)
    }

    @Test(
        "names that git refuses, or could read as an option, are refused",
        arguments: [
            "", "-x", "--upload-pack=touch /tmp/x", "a b", "a\nb", "a\u{7F}", "a..b", "a~1", "a^",
            "a:b", "a?", "a*", "a[", "a\\b", "/a", "a/", "a//b", "a.", ".a", "a/.b", "a.lock",
            "a.lock/b", "@", "HEAD", "a@{1}", "+a:b",
        ]
    )
    func refused(name: String) {
        #expect(BranchName.problem(in: name) != nil)
    }
}
