with copies as (
    select
        canonical_article_id as article_id,
        count(*) as copies,
        count(*) filter (where match = 'syndicated') as syndicated,
        count(*) filter (where match = 'reposted') as reposted,
        max(published_at) as last_copy_at
    from {{ source('presslake', 'duplicates') }}
    group by all
)
select
    articles.article_id,
    articles.title,
    articles.outlets,
    articles.first_published_at,
    articles.first_published_by,
    copies.copies,
    copies.syndicated,
    copies.reposted,
    date_diff('day', articles.first_published_at, greatest(copies.last_copy_at, articles.published_at)) as days_to_last_copy
from {{ source('presslake', 'articles') }} as articles
join copies using (article_id)
where articles.outlets > 1
order by articles.outlets desc, articles.article_id
